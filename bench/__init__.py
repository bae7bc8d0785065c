"""What the figures in the README come from; each module measures one promise and says whether it holds."""
