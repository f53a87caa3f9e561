DROP TRIGGER billing_debitrow_changed ON billing_debitrow;
DROP FUNCTION billing_debitrow_changed();
DROP TRIGGER billing_debitbatch_changed ON billing_debitbatch;
DROP FUNCTION billing_debitbatch_changed();
DROP TRIGGER billing_mandate_changed ON billing_mandate;
DROP FUNCTION billing_mandate_changed();
DELETE FROM billing_debitsettings;
