DROP TABLE product_proposals, discoveries;
