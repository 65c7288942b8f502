DROP TABLE collected_deals, deal_filters;
