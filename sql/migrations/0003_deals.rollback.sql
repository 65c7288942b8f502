ALTER TABLE pipeline_runs DROP COLUMN deals_stored;
DROP TABLE collected_deals, deal_filters;
