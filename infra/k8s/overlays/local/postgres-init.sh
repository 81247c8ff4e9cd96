#!/bin/sh
# Runs once, when the data directory is new: per service a database, the owner that migrates it, and the role that the
# service works as, which changes no table. The passwords are those of kustomization.yaml.
set -eu
for service in applicant funding mentoring metrics; do
    psql -v ON_ERROR_STOP=1 --username postgres --dbname postgres \
        -v owner="${service}_owner" -v app="${service}_app" -v database="$service" \
        -v owner_password="local-$service-owner" -v app_password="local-$service-app" <<'SQL'
CREATE ROLE :"owner" LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS PASSWORD :'owner_password';
CREATE ROLE :"app" LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS PASSWORD :'app_password';
CREATE DATABASE :"database" OWNER :"owner";
REVOKE ALL ON DATABASE :"database" FROM PUBLIC;
GRANT CONNECT ON DATABASE :"database" TO :"app";
\connect :"database"
ALTER SCHEMA public OWNER TO :"owner";
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO :"app";
ALTER DEFAULT PRIVILEGES FOR ROLE :"owner" IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO :"app";
ALTER DEFAULT PRIVILEGES FOR ROLE :"owner" IN SCHEMA public GRANT USAGE, SELECT ON SEQUENCES TO :"app";
SQL
done
psql -v ON_ERROR_STOP=1 --username postgres --dbname postgres \
    -c 'REVOKE CONNECT ON DATABASE postgres, template1 FROM PUBLIC'
