DROP TRIGGER billing_pin_checked ON billing_pin;
DROP FUNCTION billing_check_pin(), billing_payer_of(bigint);
