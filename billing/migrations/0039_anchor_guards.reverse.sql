DROP TRIGGER billing_anchor_append_only ON billing_anchor;
DROP TRIGGER billing_anchor_of_seal ON billing_anchor;
DROP FUNCTION billing_check_anchor();
