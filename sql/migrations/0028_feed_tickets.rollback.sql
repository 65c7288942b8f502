DROP TABLE feed_tickets;
