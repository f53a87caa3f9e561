-- The package changes of the data accounts of a range of customers that may have been billed for, with what the
-- packages cost each customer; nothing of who never changed. One that failed counts when days were billed ahead for it.
SELECT a.id, a.package_id, a.custom_price, k.title,
       h.id, h.state, h.activates_on,
       f.id, coalesce(fv.price, f.price), f.title, h.from_price,
       t.id, coalesce(tv.price, t.price), t.title, h.monthly_price, h.package_price, h.applied_at
FROM radius_packagechange h
JOIN radius_dataaccount a ON a.id = h.data_account_id
JOIN radius_package k ON k.id = a.package_id
JOIN radius_package f ON f.id = h.from_package_id
JOIN radius_package t ON t.id = h.to_package_id
LEFT JOIN billing_customercosting n ON n.customer_id = a.customer_id
LEFT JOIN billing_costingprice fv ON fv.model_id = n.model_id AND fv.package_id = f.id
LEFT JOIN billing_costingprice tv ON tv.model_id = n.model_id AND tv.package_id = t.id
WHERE a.customer_id BETWEEN %(low)s AND %(high)s
  AND (h.state <> 'failed' OR EXISTS (SELECT FROM billing_billedchange e WHERE e.package_change_id = h.id))
ORDER BY a.id, h.activates_on, h.id
