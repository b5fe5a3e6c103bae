import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Schema `ca`: owned by the CA process. Times that end in certificates are UTC seconds (bigint); bookkeeping is timestamptz. */
export class CaSchema1795000000001 implements MigrationInterface {
  readonly name = 'CaSchema1795000000001';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE SCHEMA ca;

      CREATE TABLE ca.authority (
        id text PRIMARY KEY,
        kind text NOT NULL CHECK (kind IN ('root', 'idevid', 'ldevid', 'infrastructure')),
        state text NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'retired')),
        issuer_id text REFERENCES ca.authority (id),
        certificate bytea NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now()
      );
      CREATE UNIQUE INDEX authority_active_kind ON ca.authority (kind) WHERE state = 'active';

      -- One status list: seats of one issuing key and one notAfter bucket. URLs are fixed when it opens.
      CREATE SEQUENCE ca.status_list_id AS integer MINVALUE 1;
      CREATE TABLE ca.status_list (
        id integer PRIMARY KEY,
        authority_id text NOT NULL REFERENCES ca.authority (id),
        bucket text NOT NULL,
        not_after bigint NOT NULL,
        leased_to integer NOT NULL DEFAULT 0 CHECK (leased_to BETWEEN 0 AND 1048576),
        leased_at bigint,
        state text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'sealed', 'retired')),
        crl_uri text NOT NULL,
        ocsp_uri text NOT NULL,
        ca_issuers_uri text NOT NULL,
        opened_at bigint NOT NULL
      );
      CREATE INDEX status_list_open ON ca.status_list (authority_id, bucket) WHERE state = 'open';

      -- Append-only; no foreign key points here, so that a finished list's partition can be detached and dropped.
      CREATE TABLE ca.certificate (
        list_id integer NOT NULL,
        index integer NOT NULL,
        random bytea NOT NULL CHECK (octet_length(random) = 8),
        device_ref uuid,
        credential_id uuid,
        der bytea NOT NULL,
        PRIMARY KEY (list_id, index)
      ) PARTITION BY LIST (list_id);

      -- Attaching takes a weaker lock than CREATE TABLE ... PARTITION OF, so issuing goes on.
      CREATE FUNCTION ca.open_certificate_partition(list_id integer) RETURNS void
        LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
      BEGIN
        EXECUTE format('CREATE TABLE ca.certificate_%s (LIKE ca.certificate INCLUDING DEFAULTS INCLUDING CONSTRAINTS)', list_id);
        EXECUTE format('ALTER TABLE ca.certificate_%s ADD CONSTRAINT in_list CHECK (list_id = %s)', list_id, list_id);
        EXECUTE format('ALTER TABLE ca.certificate ATTACH PARTITION ca.certificate_%s FOR VALUES IN (%s)', list_id, list_id);
        EXECUTE format('ALTER TABLE ca.certificate_%s DROP CONSTRAINT in_list', list_id);
      END $$;
      REVOKE ALL ON FUNCTION ca.open_certificate_partition(integer) FROM PUBLIC;

      -- The decisive row of a device: issuing and status changes lock it, in device_ref order.
      CREATE TABLE ca.subject (
        device_ref uuid PRIMARY KEY,
        realm text NOT NULL,
        model text NOT NULL,
        device_serial text NOT NULL,
        state text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'held', 'closed')),
        closed_by text CHECK (closed_by IN ('revoke', 'retire')),
        generation integer NOT NULL DEFAULT 1,
        holds text[] NOT NULL DEFAULT '{}',
        pseudonym uuid NOT NULL DEFAULT gen_random_uuid(),
        changed_at timestamptz NOT NULL DEFAULT now()
      );
      CREATE INDEX subject_changed_at ON ca.subject (changed_at);

      -- Where rules 3 and 4 are decided; outlives the certificate's bytes.
      CREATE TABLE ca.credential (
        device_ref uuid NOT NULL,
        id uuid NOT NULL,
        generation integer NOT NULL,
        profile text NOT NULL,
        policy text NOT NULL,
        spki_sha256 bytea NOT NULL,
        list_id integer NOT NULL,
        index integer NOT NULL,
        random bytea NOT NULL CHECK (octet_length(random) = 8),
        parent_id uuid,
        warrant_id uuid,
        not_before bigint NOT NULL,
        not_after bigint NOT NULL,
        renew_after bigint,
        revoke_replaced boolean NOT NULL DEFAULT false,
        seen_at bigint,
        withdrawn_at bigint,
        PRIMARY KEY (device_ref, id)
      ) PARTITION BY HASH (device_ref);

      -- One key belongs to one device, for ever (rule 7). A blocked key has no owner it could serve.
      CREATE TABLE ca.key_owner (
        spki_sha256 bytea PRIMARY KEY CHECK (octet_length(spki_sha256) = 32),
        device_ref uuid,
        blocked_for text
      ) PARTITION BY HASH (spki_sha256);

      CREATE TABLE ca.warrant (
        id uuid PRIMARY KEY,
        kind text NOT NULL CHECK (kind IN ('batch', 'token')),
        realm text NOT NULL,
        model text NOT NULL,
        device_ref uuid,
        generation integer,
        profile text NOT NULL,
        size integer NOT NULL CHECK (size > 0),
        remaining integer NOT NULL CHECK (remaining >= 0),
        valid_until bigint NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now()
      );

      CREATE INDEX warrant_device ON ca.warrant (device_ref) WHERE device_ref IS NOT NULL;

      CREATE TABLE ca.issue_quota (
        realm text NOT NULL,
        model text NOT NULL,
        hour bigint NOT NULL,
        issued integer NOT NULL,
        PRIMARY KEY (realm, model, hour)
      );

      -- When something was last issued, by whatever replica: time does not go back (rule 8).
      CREATE TABLE ca.issuing_clock (
        only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
        last_issued_at bigint NOT NULL
      );
      INSERT INTO ca.issuing_clock (last_issued_at) VALUES (0);

      -- Only what is not valid. value: 1 invalid, 2 suspended. reason: CRLReason number.
      CREATE TABLE ca.revocation (
        list_id integer NOT NULL,
        index integer NOT NULL,
        random bytea NOT NULL,
        value smallint NOT NULL CHECK (value IN (1, 2)),
        reason smallint NOT NULL,
        revoked_at bigint NOT NULL,
        invalidity_date bigint CHECK (invalidity_date BETWEEN 0 AND 253402300799),
        holds text[] NOT NULL DEFAULT '{}',
        PRIMARY KEY (list_id, index)
      );

      -- The journal: one gap-free sequence an epoch. The counter row is taken by the last statement before COMMIT.
      CREATE TABLE ca.journal_head (
        only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
        epoch integer NOT NULL,
        sequence bigint NOT NULL
      );
      INSERT INTO ca.journal_head (epoch, sequence) VALUES (1, 0);
      CREATE TABLE ca.journal (
        epoch integer NOT NULL,
        sequence bigint NOT NULL,
        list_id integer NOT NULL,
        kind text NOT NULL CHECK (kind IN ('list-opened', 'block-leased', 'list-sealed', 'list-retired', 'seats')),
        leased_to integer,
        indexes integer[],
        seat_values smallint[],
        committed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
        PRIMARY KEY (epoch, sequence)
      );

      CREATE TABLE ca.crl (
        list_id integer PRIMARY KEY REFERENCES ca.status_list (id),
        number bigint NOT NULL,
        this_update bigint NOT NULL,
        next_update bigint NOT NULL,
        epoch integer NOT NULL,
        sequence bigint NOT NULL,
        der bytea NOT NULL
      );

      -- The decisive row of a holder: issuing, renewing and revoking its certificates lock it.
      CREATE TABLE ca.service_holder (
        profile text NOT NULL,
        name text NOT NULL,
        PRIMARY KEY (profile, name)
      );

      -- Certificates that are not a device's: servers, gateways, services, OCSP and status signers.
      CREATE TABLE ca.service_credential (
        id uuid PRIMARY KEY,
        name text NOT NULL,
        profile text NOT NULL,
        authority_id text NOT NULL REFERENCES ca.authority (id),
        spki_sha256 bytea NOT NULL,
        list_id integer NOT NULL,
        index integer NOT NULL,
        not_before bigint NOT NULL,
        not_after bigint NOT NULL,
        -- the one that it was issued on, by its key's proof; none where an operator's command made it
        parent_id uuid REFERENCES ca.service_credential (id),
        -- first proof by its own key
        seen_at bigint,
        FOREIGN KEY (profile, name) REFERENCES ca.service_holder (profile, name)
      );
      CREATE INDEX service_credential_name ON ca.service_credential (profile, name);
      CREATE UNIQUE INDEX service_credential_seat ON ca.service_credential (list_id, index);
      CREATE UNIQUE INDEX service_credential_key ON ca.service_credential (spki_sha256);
      CREATE INDEX service_credential_parent ON ca.service_credential (parent_id) WHERE parent_id IS NOT NULL;

      -- Jobs caused by a change are written with it and relayed to the queue afterwards.
      CREATE TABLE ca.outbox (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        queue text NOT NULL,
        key text NOT NULL,
        payload jsonb NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now()
      );
    `);
    for (let part = 0; part < 16; part++) {
      await runner.query(`
        CREATE TABLE ca.credential_${part} PARTITION OF ca.credential FOR VALUES WITH (MODULUS 16, REMAINDER ${part});
        CREATE TABLE ca.key_owner_${part} PARTITION OF ca.key_owner FOR VALUES WITH (MODULUS 16, REMAINDER ${part});
      `);
    }
    // what enrollment may know of a device without asking the CA: enough to repair its projection
    await runner.query(`
      CREATE VIEW ca.device_projection AS
        SELECT s.device_ref, s.realm, s.model, s.device_serial, s.state, s.closed_by, s.generation, s.changed_at,
               EXISTS (SELECT 1 FROM ca.credential c WHERE c.device_ref = s.device_ref AND c.generation = s.generation) AS provisioned,
               (SELECT max(c.seen_at) FROM ca.credential c WHERE c.device_ref = s.device_ref AND c.generation = s.generation) AS seen_at
          FROM ca.subject s;
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP SCHEMA ca CASCADE');
  }
}
