DROP TRIGGER billing_checkout_changed ON billing_checkout;
DROP FUNCTION billing_checkout_changed();
DROP TRIGGER billing_checkout_append_only ON billing_checkout;
DROP TRIGGER billing_gatewaydelivery_append_only ON billing_gatewaydelivery;
ALTER TABLE billing_gatewayaccount DROP CONSTRAINT billing_gatewayaccount_secrets;
DELETE FROM billing_gatewayaccount WHERE name = 'payfast';
