"""What a real camera does to light after it has arrived. Labels are never moved."""
