"""One module a channel; each turns an alert into a DeliveryResult, refusals included."""
