DROP TRIGGER billing_posting_open ON billing_posting;
DROP TRIGGER billing_line_open ON billing_line;
DROP FUNCTION billing_refuse_closed();
