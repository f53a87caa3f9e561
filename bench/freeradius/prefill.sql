-- History, a fifth of it open: with an empty table, or one without open sessions at the time of ANALYZE, PostgreSQL
-- plans the stock UPDATE as a scan of radacct_bulk_close and accounting runs at a fifth of its speed.
INSERT INTO radacct (
    acctsessionid, acctuniqueid, username, nasipaddress, nasportid, nasporttype, acctstarttime, acctupdatetime,
    acctstoptime, acctsessiontime, acctinputoctets, acctoutputoctets, calledstationid, callingstationid, servicetype,
    framedprotocol, framedipaddress
)
SELECT 'H' || i, md5('H' || i), username, '10.0.0.2', 'ether1', 'Ethernet', began, began + interval '1 h',
       CASE WHEN i % 5 > 0 THEN began + interval '1 h' END, 3600, i * 1000, i * 10000, 'pppoe-bench',
       '02:00:00:00:00:01', 'Framed-User', 'PPP', '10.1.1.1'
FROM (
    SELECT row_number() OVER (ORDER BY id) AS i, username,
           now() - interval '30 days' + row_number() OVER (ORDER BY id) * interval '20 s' AS began
    FROM radcheck
) history;
