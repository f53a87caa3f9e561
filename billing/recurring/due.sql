-- What is due of each recurring line in a range of customers, with what was billed of it before.
-- The range stands on both tables: the planner does not carry it over the join, and would read every line of
-- every customer for each chunk.
-- Most lines are monthly and have nothing to catch up: the CASEs spare them the arithmetic of months and all but one
-- look at the primary key of the billed periods. Of a line with package changes (`changed`) all of the last two years
-- is read, for it may have been billed otherwise.
SELECT c.id, p.id, p.name, coalesce(nullif(p.postal_address, ''), p.physical_address), p.vat_number, p.code,
       coalesce(p.due_days, g.due_days),
       p.id <> c.id AND EXISTS (
           SELECT FROM customers_gate d WHERE d.customer_id = p.id AND d.kind = 'deleted'
              AND d.since <= %(now)s AND (d.until IS NULL OR d.until > %(now)s)),
       coalesce(c.discount, %(discount)s),
       l.id, l.description, l.quantity, coalesce(l.price, i.price, a.custom_price, v.price, k.price),
       CASE WHEN l.price IS NOT NULL THEN l.frequency WHEN i.price IS NOT NULL THEN i.frequency ELSE 1 END,
       l.discount, l.vat_exempt OR coalesce(i.vat_exempt, false), coalesce(nullif(l.gl_code, ''), i.gl_code, ''),
       l.starts_on, l.frequency, l.proration, own.since, wanted.since, wanted.until,
       CASE WHEN l.credit_unused AND l.proration = 'day' THEN last.day + 1 END, b.rows,
       CASE WHEN l.price IS NULL AND i.price IS NULL THEN l.data_account_id END, last.day + 1
FROM customers_customer c
JOIN billing_recurringline l ON l.customer_id = c.id
LEFT JOIN customers_customer m ON m.id = c.master_id
JOIN customers_customer p ON p.id = PAYER_ID
JOIN groups_customergroup g ON g.id = p.group_id
LEFT JOIN billing_product i ON i.id = l.product_id
LEFT JOIN radius_dataaccount a ON a.id = l.data_account_id
LEFT JOIN radius_package k ON k.id = a.package_id
LEFT JOIN billing_customercosting n ON n.customer_id = c.id
LEFT JOIN billing_costingprice v ON v.model_id = n.model_id AND v.package_id = a.package_id
LEFT JOIN customers_gate x ON x.customer_id = c.id AND x.kind = 'cancelled' AND x.until IS NULL
CROSS JOIN LATERAL (
    SELECT least(l.ends_on, a.ends_on, (x.since AT TIME ZONE %(zone)s)::date - 1) AS day
) last
CROSS JOIN LATERAL (
    SELECT CASE WHEN l.frequency = 1 THEN 0 ELSE
        mod(%(month)s - (extract(year FROM l.starts_on) * 12 + extract(month FROM l.starts_on))::int,
            l.frequency::int) END AS months
) past
CROSS JOIN LATERAL (
    SELECT CASE WHEN l.frequency = 1 THEN CASE l.timing WHEN 'advance' THEN %(start)s::date ELSE %(before)s::date END
        ELSE (%(start)s::date - make_interval(months => past.months
            + CASE l.timing WHEN 'advance' THEN 0 ELSE l.frequency END))::date END AS since,
        CASE WHEN l.frequency = 1 THEN CASE l.timing WHEN 'advance' THEN %(end)s::date ELSE %(start)s::date END
        ELSE (%(start)s::date - make_interval(months => past.months
            - CASE l.timing WHEN 'advance' THEN l.frequency ELSE 0 END))::date END AS until
) own
CROSS JOIN LATERAL (
    SELECT greatest(l.starts_on, CASE WHEN l.bill_from IS NULL THEN own.since
               ELSE greatest(l.bill_from, (own.since - interval '1 year')::date) END) AS since,
           least(last.day + 1, own.until) AS until
) wanted
CROSS JOIN LATERAL (
    SELECT l.price IS NULL AND i.price IS NULL AND coalesce(l.data_account_id = ANY(%(changed)s::bigint[]), false) AS too
) changed
CROSS JOIN LATERAL (
    SELECT json_agg(json_build_array(
               y.period, y.generation, y.since, y.until, y.credit, y.standing, y.settled, y.printed, y.change)
               ORDER BY y.period, y.generation) AS rows,
           range_agg(daterange(y.since, y.until)) FILTER (WHERE y.settled AND NOT y.credit) AS charged,
           range_agg(daterange(y.since, y.until)) FILTER (WHERE y.standing AND y.credit) AS credited,
           bool_or(y.standing AND NOT y.credit AND y.until > last.day + 1) AS unused
    FROM (
        SELECT y.period, y.generation, y.since, y.until, y.credit, NOT z.corrected AS standing,
               NOT z.corrected OR NOT (past.months = 0 AND y.period >= own.since OR EXISTS (
                   SELECT FROM billing_document d JOIN billing_run r ON r.id = d.run_id
                   WHERE d.id = y.document_id AND r.state IN ('undoing', 'undone'))) AS settled,
               CASE WHEN l.credit_unused OR changed.too THEN (
                   SELECT json_build_array(o.since, o.until, o.quantity::text, o.price::text, o.discount::text,
                       o.vat_rate::text, o.net::text, o.vat::text, o.gl_code)
                   FROM billing_documentline o WHERE o.document_id = y.document_id AND o.recurring_line_id = l.id
                      AND o.since <= y.since AND o.until >= y.until AND (o.quantity < 0) = y.credit
                   LIMIT 1) END AS printed,
               CASE WHEN changed.too THEN (
                   SELECT e.package_change_id FROM billing_billedchange e WHERE e.recurring_line_id = l.id
                      AND e.period = y.period AND e.generation = y.generation) END AS change
        FROM billing_billedperiod y
        CROSS JOIN LATERAL (
            SELECT EXISTS (SELECT FROM billing_document q WHERE q.corrects_id = y.document_id) AS corrected
        ) z
        WHERE y.recurring_line_id = l.id AND (l.credit_unused OR changed.too OR y.period < own.until)
          AND y.period >= CASE WHEN changed.too THEN (own.since - interval '2 years')::date WHEN l.frequency = 1 AND l.bill_from IS NULL AND NOT l.credit_unused THEN own.since
              ELSE (date_trunc('month', least(wanted.since, own.since, last.day + 1)::timestamp)
                  - make_interval(months => l.frequency - 1))::date END
    ) y
) b
WHERE c.id BETWEEN %(low)s AND %(high)s AND l.customer_id BETWEEN %(low)s AND %(high)s
  AND (%(group)s::bigint IS NULL OR c.billing_group_id = %(group)s)
  AND l.starts_on < %(end)s AND (wanted.since < wanted.until OR l.credit_unused OR changed.too)
  AND (wanted.since < wanted.until AND (b.charged IS NULL
          OR NOT daterange(wanted.since, wanted.until) <@ (b.charged - coalesce(b.credited, '{}')))
       OR l.credit_unused AND b.unused OR changed.too)
  AND NOT EXISTS (
      SELECT FROM customers_gate d WHERE d.customer_id = c.id AND d.kind = 'deleted'
         AND d.since <= %(now)s AND (d.until IS NULL OR d.until > %(now)s))
ORDER BY c.id, l.id
