"""What happens at this moment, for those who watch. Nothing here is stored: the database has what is to be kept."""
