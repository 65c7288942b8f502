DROP TABLE price_movers;
DROP TABLE trend_bases;
DROP TABLE price_trends;
DROP TABLE due_trends;
DROP TABLE trend_changes;
DROP TABLE product_labels;
