"""What reports know of requests, persons and tasks, one file for each framework; nothing here runs unless asked for."""
