-- A role of PostgreSQL that can read sealed releases and nothing else. Run as the owner of the main database, after
-- `nrm init` and again after every `nrm upgrade`; then give the role a password and name it in NRM_RELEASE_DATABASE:
--   ALTER ROLE nrm_release_reader PASSWORD '...';
-- In the shred database, nobody but its owner has anything to do: REVOKE CONNECT ON DATABASE ... FROM PUBLIC;
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'nrm_release_reader') THEN
        CREATE ROLE nrm_release_reader LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOINHERIT NOREPLICATION;
    END IF;
END
$$;
ALTER ROLE nrm_release_reader SET default_transaction_read_only = on;
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
REVOKE ALL ON ALL TABLES IN SCHEMA public FROM PUBLIC;
REVOKE ALL ON ALL TABLES IN SCHEMA public FROM nrm_release_reader;
GRANT USAGE ON SCHEMA public TO nrm_release_reader;
GRANT SELECT ON releases, release_files TO nrm_release_reader;
