-- What the calls of a range of customers come to that no invoice has, by number and month, up to a day.
-- It begins with the numbers in the range: customers without one cost nothing. Each number's calls are found by the
-- index of those that are open.
SELECT n.customer_id, n.id, n.label, k.month, k.calls, k.seconds, k.amount,
       n.stale AND (k.month IS NOT NULL OR EXISTS (
           SELECT FROM billing_call u WHERE u.state = 'unknown' AND u.caller = n.identity AND u.bill_id IS NULL))
FROM billing_phonenumber n
JOIN customers_customer c ON c.id = n.customer_id
LEFT JOIN LATERAL (
    SELECT date_trunc('month', k.day)::date AS month, count(*) AS calls, sum(k.seconds) AS seconds,
           sum(k.price) AS amount
    FROM billing_call k
    WHERE k.number_id = n.id AND k.bill_id IS NULL AND k.state = 'rated' AND k.day < %(before)s
    GROUP BY 1 HAVING round(sum(k.price), 2) > 0
) k ON true
WHERE n.customer_id BETWEEN %(low)s AND %(high)s AND (k.month IS NOT NULL OR n.stale)
  AND (%(group)s::bigint IS NULL OR c.billing_group_id = %(group)s)
  AND NOT EXISTS (
      SELECT FROM customers_gate d WHERE d.customer_id = n.customer_id AND d.kind = 'deleted'
         AND d.since <= %(now)s AND (d.until IS NULL OR d.until > %(now)s))
ORDER BY n.customer_id, n.label, n.id, k.month
