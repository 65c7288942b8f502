DROP TABLE pipeline_runs, quarantined_records, alert_deliveries, price_alerts, alert_states,
    current_prices, price_corrections, price_history, watched_products, products, users;
