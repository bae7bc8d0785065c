"""The whole product on one machine: storage, models and host; never deployed."""
