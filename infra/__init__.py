"""What is deployed to Azure, as Bicep, and what follows a deployment."""
