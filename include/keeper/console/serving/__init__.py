"""What every request of the console passes on its way in and out, whatever it is about."""
