-- Money that lies elsewhere than in the bank until it is paid out, and what taking it costs.

INSERT INTO billing_account (code, name) VALUES
    ('gateway_clearing', 'Payment gateway clearing'), ('debit_clearing', 'Debit order clearing'),
    ('bank_charges', 'Bank and gateway charges');

-- 1. Where a payment lies is not edited ------------------------------------------------------------------
CREATE OR REPLACE FUNCTION billing_payment_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.id, NEW.year, NEW.number, NEW.receipt, NEW.method, NEW.received_on, NEW.amount, NEW.source_key,
            NEW.recorded_at, NEW.into_account)
       = (OLD.id, OLD.year, OLD.number, OLD.receipt, OLD.method, OLD.received_on, OLD.amount, OLD.source_key,
            OLD.recorded_at, OLD.into_account)
       AND (NEW.reference = OLD.reference OR NEW.reference = '(erased)')
       AND (NEW.note = OLD.note OR NEW.note = '(erased)')
       AND (OLD.taken_back_on IS NULL OR (NEW.payer_id, NEW.taken_back_on)
            IS NOT DISTINCT FROM (OLD.payer_id, OLD.taken_back_on)) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'payment % cannot be edited', OLD.receipt USING ERRCODE = 'integrity_constraint_violation';
END $$;

-- 2. At COMMIT a payment and the ledger agree: its amount lies where it went into, and is credited to its payer or
--    kept in suspense; nowhere once it was taken back.
CREATE OR REPLACE FUNCTION billing_check_payment() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    about bigint := (to_jsonb(NEW) ->> TG_ARGV[0])::bigint;
BEGIN
    IF EXISTS (
        WITH lies AS (
            SELECT k.code::text AS code, l.customer_id, sum(l.amount) AS amount
            FROM billing_paymentposting e
            JOIN billing_line l ON l.posting_id = e.posting_id
            JOIN billing_account k ON k.id = l.account_id
            WHERE e.payment_id = about AND k.code IN (
                'suspense', 'receivable', 'bank', 'gateway_clearing', 'debit_clearing')
            GROUP BY 1, 2 HAVING sum(l.amount) <> 0
        ), says AS (
            SELECT CASE WHEN payer_id IS NULL THEN 'suspense' ELSE 'receivable' END AS code,
                   payer_id AS customer_id, -amount AS amount
            FROM billing_payment WHERE id = about AND taken_back_on IS NULL
            UNION ALL
            SELECT into_account, NULL, amount
            FROM billing_payment WHERE id = about AND taken_back_on IS NULL
        )
        (TABLE lies EXCEPT TABLE says) UNION ALL (TABLE says EXCEPT TABLE lies)
    ) THEN
        RAISE EXCEPTION 'payment % does not agree with the ledger', about
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END $$;
