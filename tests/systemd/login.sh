# Who the service is to PostgreSQL: by a certificate, and several services with a database each. (By peer: start.sh.)

# --- a certificate over TLS 1.3
drop_in client-certificate
conninfo='host=127.0.0.1 dbname=schemasync user=schemasyncd sslmode=verify-ca' configure
expect 0 systemctl restart schemasyncd
run_once
same "how it is connected" "$(sql -c "SELECT DISTINCT a.usename, s.version, s.client_dn FROM pg_stat_ssl s JOIN pg_stat_activity a USING (pid) WHERE a.client_addr IS NOT NULL")" \
    "schemasyncd|TLSv1.3|/CN=schemasyncd"
drop_out client-certificate
configure
expect 0 systemctl restart schemasyncd

# --- a second team: another configuration, another database, another user
make_database sales schemasyncd-sales
install -d /etc/schemasyncd/sales
conninfo=dbname=sales configure
sed "s/{name: salesforce-prod.*/{name: hubspot, id: $HUBSPOT, targets: [contacts]}/; s/{credential: polytomic-api-key}/{file: key}/" "$config" \
    >/etc/schemasyncd/sales/schemasyncd.yaml
echo second >/etc/schemasyncd/sales/key
configure
expect 0 systemctl start schemasyncd@sales
both() { [ "$(PGDATABASE=sales sql -c "SELECT string_agg(target_id, ',') FROM targets WHERE state = 'present'")" = contacts ]; }
wait_for 15 both
same "its user" "$(PGDATABASE=sales sql -c "SELECT DISTINCT usename FROM pg_stat_activity WHERE datname = 'sales' AND application_name LIKE 'schemasyncd%'")" schemasyncd-sales
expect 0 systemctl reload schemasyncd@sales
expect 0 timeout 5 systemctl stop schemasyncd@sales
same "how it ended" "$(property Result schemasyncd@sales)" success
same "the first goes on" "$(property ActiveState)" active
