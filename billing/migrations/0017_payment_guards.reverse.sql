DROP TRIGGER billing_paymentposting_agrees ON billing_paymentposting;
DROP TRIGGER billing_payment_posted ON billing_payment;
DROP FUNCTION billing_check_payment();
ALTER TABLE billing_payment DROP CONSTRAINT billing_payment_not_future;
DROP TRIGGER billing_payment_changed ON billing_payment;
DROP FUNCTION billing_payment_changed();
DROP TRIGGER billing_paymentposting_append_only ON billing_paymentposting;
DROP TRIGGER billing_payment_append_only ON billing_payment;
DELETE FROM billing_account WHERE code = 'suspense';
