import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Schemas `registry` and `access`: owned by the enrollment process. `device` is a projection that can refuse, never permit. */
export class RegistrySchema1795000000002 implements MigrationInterface {
  readonly name = 'RegistrySchema1795000000002';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE SCHEMA registry;

      CREATE TABLE registry.model (
        id uuid PRIMARY KEY,
        realm text NOT NULL,
        name text NOT NULL,
        hw_type text NOT NULL,
        organization text NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT model_realm_name UNIQUE (realm, name)
      );

      CREATE TABLE registry.enrollment_policy (
        id uuid PRIMARY KEY,
        name text NOT NULL CONSTRAINT enrollment_policy_name UNIQUE,
        label text CONSTRAINT enrollment_policy_label UNIQUE,
        bootstrap text[] NOT NULL,
        lifetime integer NOT NULL,
        suspend_on_fork boolean NOT NULL DEFAULT false,
        revoke_replaced boolean NOT NULL DEFAULT false,
        pseudonymous boolean NOT NULL DEFAULT false,
        key_algorithm text NOT NULL DEFAULT 'EC P-256',
        created_at timestamptz NOT NULL DEFAULT now()
      );
      -- the policy without a label serves EST paths without a label
      CREATE UNIQUE INDEX enrollment_policy_default ON registry.enrollment_policy ((label IS NULL)) WHERE label IS NULL;

      CREATE TABLE registry.model_policy (
        model_id uuid NOT NULL REFERENCES registry.model (id),
        policy_id uuid NOT NULL REFERENCES registry.enrollment_policy (id),
        PRIMARY KEY (model_id, policy_id)
      );

      CREATE TABLE registry.factory (
        id uuid PRIMARY KEY,
        name text NOT NULL CONSTRAINT factory_name UNIQUE,
        created_at timestamptz NOT NULL DEFAULT now()
      );

      CREATE TABLE registry.batch (
        id uuid PRIMARY KEY,
        factory_id uuid NOT NULL REFERENCES registry.factory (id),
        model_id uuid NOT NULL REFERENCES registry.model (id),
        policy_id uuid NOT NULL REFERENCES registry.enrollment_policy (id),
        size integer NOT NULL,
        valid_until bigint NOT NULL,
        created_by text NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now()
      );

      CREATE TABLE registry.device (
        device_ref uuid PRIMARY KEY,
        realm text NOT NULL,
        model text NOT NULL,
        device_serial text NOT NULL,
        state text NOT NULL CHECK (state IN ('registered', 'provisioned', 'active', 'suspended', 'revoked', 'retired')),
        generation integer NOT NULL DEFAULT 1,
        batch_id uuid,
        policy_id uuid,
        last_seen_at bigint,
        created_at timestamptz NOT NULL DEFAULT now(),
        changed_at timestamptz NOT NULL DEFAULT now()
      );
      -- lists run in device_ref order; a serial is searched by its beginning
      CREATE INDEX device_serial ON registry.device (lower(device_serial) text_pattern_ops);
      CREATE INDEX device_model_state ON registry.device (model, state, device_ref);
      CREATE INDEX device_state ON registry.device (state, device_ref) WHERE state NOT IN ('provisioned', 'active');
      CREATE INDEX device_batch ON registry.device (batch_id, device_ref);

      -- every transition of a device's state
      CREATE TABLE registry.device_event (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        device_ref uuid NOT NULL,
        event text NOT NULL,
        from_state text,
        to_state text NOT NULL,
        actor text NOT NULL,
        detail jsonb NOT NULL DEFAULT '{}',
        at timestamptz NOT NULL DEFAULT now()
      );
      CREATE INDEX device_event_device ON registry.device_event (device_ref, id);

      CREATE TABLE registry.enrollment_token (
        id uuid PRIMARY KEY,
        secret_sha256 bytea NOT NULL CONSTRAINT enrollment_token_secret UNIQUE,
        policy_id uuid NOT NULL REFERENCES registry.enrollment_policy (id),
        model_id uuid NOT NULL REFERENCES registry.model (id),
        device_ref uuid NOT NULL,
        device_serial text NOT NULL,
        warrant_id uuid NOT NULL,
        valid_until bigint NOT NULL,
        revoked_at timestamptz,
        created_by text NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now()
      );
      CREATE INDEX enrollment_token_device ON registry.enrollment_token (device_ref);

      -- every refused enrolment with the rule that refused it
      CREATE TABLE registry.refusal (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        channel text NOT NULL,
        code text NOT NULL,
        detail text NOT NULL,
        device_ref uuid,
        device_serial text,
        batch_id uuid,
        source text,
        at timestamptz NOT NULL DEFAULT now()
      );
      CREATE INDEX refusal_batch ON registry.refusal (batch_id, id);
      CREATE INDEX refusal_device ON registry.refusal (device_ref, id);
      CREATE INDEX refusal_at ON registry.refusal (at);

      -- how far the device projection has been compared with the CA's subjects
      CREATE TABLE registry.projection_sweep (
        only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
        swept_to timestamptz NOT NULL
      );
      INSERT INTO registry.projection_sweep (swept_to) VALUES ('-infinity');

      -- the first answer to each Idempotency-Key, without its secrets; times in UTC seconds
      CREATE TABLE registry.idempotency (
        owner text NOT NULL,
        operation text NOT NULL,
        key text NOT NULL,
        body_hash bytea NOT NULL,
        claimed_at bigint NOT NULL,
        kept_until bigint NOT NULL,
        status integer,
        body text,
        PRIMARY KEY (owner, operation, key)
      );
      CREATE INDEX idempotency_kept_until ON registry.idempotency (kept_until);

      CREATE SCHEMA access;
      -- public keys that access tokens are checked with; the private half never enters the database
      CREATE TABLE access.jwk (
        kid text PRIMARY KEY,
        public_jwk jsonb NOT NULL,
        retired_at timestamptz,
        created_at timestamptz NOT NULL DEFAULT now()
      );
      CREATE TABLE access.issued_token (
        jti uuid PRIMARY KEY,
        sub text NOT NULL,
        roles text[] NOT NULL,
        factory_id uuid,
        expires_at bigint NOT NULL,
        revoked_at timestamptz,
        created_by text NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now()
      );
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP SCHEMA access CASCADE; DROP SCHEMA registry CASCADE');
  }
}
