import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * What the CA signs about status, as it goes out: journal batches, the last head, snapshots and status tokens. Whoever may read
 * these rows can relay them and cannot make one. Times are UTC seconds; a message is octets of docs/status-snapshot.md.
 */
export class StatusPublication1795000000005 implements MigrationInterface {
  readonly name = 'StatusPublication1795000000005';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      -- One chain an epoch: a batch holds entries first to last, and its hash is what the next one continues.
      CREATE TABLE ca.status_batch (
        epoch integer NOT NULL,
        first bigint NOT NULL CHECK (first >= 1),
        last bigint NOT NULL,
        hash bytea NOT NULL CHECK (octet_length(hash) = 32),
        message bytea NOT NULL,
        signed_at bigint NOT NULL,
        PRIMARY KEY (epoch, first),
        CHECK (last >= first)
      );
      CREATE UNIQUE INDEX status_batch_last ON ca.status_batch (epoch, last);

      CREATE TABLE ca.status_head (
        only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
        epoch integer NOT NULL,
        sequence bigint NOT NULL,
        time bigint NOT NULL,
        message bytea NOT NULL
      );

      CREATE TABLE ca.status_snapshot (
        epoch integer NOT NULL,
        sequence bigint NOT NULL,
        as_of bigint NOT NULL,
        message bytea NOT NULL,
        PRIMARY KEY (epoch, sequence)
      );

      -- The Status List Token of a list, a compact JWT.
      CREATE TABLE ca.status_token (
        list_id integer PRIMARY KEY REFERENCES ca.status_list (id),
        epoch integer NOT NULL,
        sequence bigint NOT NULL,
        iat bigint NOT NULL,
        exp bigint NOT NULL,
        -- seat of the certificate whose key signed it
        signer_list_id integer NOT NULL,
        signer_index integer NOT NULL,
        jwt text NOT NULL
      );

      -- After a restore a seat may be known to be invalid, and its certificate not.
      ALTER TABLE ca.revocation ALTER COLUMN random DROP NOT NULL;

      CREATE VIEW publication.status_batch AS SELECT epoch, first, last, message FROM ca.status_batch;
      CREATE VIEW publication.status_head AS SELECT epoch, sequence, time, message FROM ca.status_head;
      CREATE VIEW publication.status_snapshot AS SELECT epoch, sequence, as_of, message FROM ca.status_snapshot;
      CREATE VIEW publication.status_token AS SELECT list_id, epoch, sequence, iat, exp, jwt FROM ca.status_token;

      -- Certificates of the keys that sign status, with the one that issued each.
      CREATE VIEW publication.status_signer AS
        SELECT c.der AS certificate, a.certificate AS issuer_certificate, s.not_after
          FROM ca.service_credential s
          JOIN ca.certificate c ON c.list_id = s.list_id AND c.index = s.index
          JOIN ca.authority a ON a.id = s.authority_id
         WHERE s.profile = 'status-signer';

      -- Gateways and services by seat, for who lets them in: enrollment reads this.
      CREATE VIEW ca.service_certificate AS
        SELECT s.list_id, s.index, ca.serial_number(c.list_id, c.index, c.random) AS serial_number, s.profile, s.name, s.not_before, s.not_after,
               coalesce(r.value, 0) AS seat_value
          FROM ca.service_credential s
          JOIN ca.certificate c ON c.list_id = s.list_id AND c.index = s.index
          LEFT JOIN ca.revocation r ON r.list_id = c.list_id AND r.index = c.index;
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      DROP VIEW ca.service_certificate, publication.status_signer, publication.status_token, publication.status_snapshot,
        publication.status_head, publication.status_batch;
      DROP TABLE ca.status_token, ca.status_snapshot, ca.status_head, ca.status_batch;
      DELETE FROM ca.revocation WHERE random IS NULL;
      ALTER TABLE ca.revocation ALTER COLUMN random SET NOT NULL;
    `);
  }
}
