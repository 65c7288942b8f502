"""What Keepa knows of the merchants that offer the catalogue's products."""
