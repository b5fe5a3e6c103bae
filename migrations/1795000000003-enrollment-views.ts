import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What the enrollment process may read of the CA's data beside the subjects: enough to show, nothing to decide on. */
export class EnrollmentViews1795000000003 implements MigrationInterface {
  readonly name = 'EnrollmentViews1795000000003';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      -- serial number: format 0x54, list 4 octets, index 3, random 8
      CREATE FUNCTION ca.serial_number(list_id integer, index integer, random bytea) RETURNS bytea
        LANGUAGE sql IMMUTABLE PARALLEL SAFE
        RETURN '\\x54'::bytea || int4send(list_id) || substring(int4send(index) FROM 2) || random;

      CREATE VIEW ca.device_certificate AS
        SELECT c.device_ref, c.id AS credential_id, c.generation, c.profile, c.policy, c.list_id, c.index,
               ca.serial_number(c.list_id, c.index, c.random) AS serial_number, c.not_before, c.not_after, c.renew_after, c.seen_at,
               c.withdrawn_at, coalesce(r.value, 0) AS seat_value, r.reason, r.revoked_at, r.invalidity_date,
               coalesce(r.holds, '{}') AS holds
          FROM ca.credential c
          LEFT JOIN ca.revocation r ON r.list_id = c.list_id AND r.index = c.index;

      CREATE VIEW ca.certificate_owner AS
        SELECT list_id, index, random, device_ref FROM ca.certificate WHERE device_ref IS NOT NULL;

      CREATE VIEW ca.warrant_remaining AS SELECT id, size, remaining FROM ca.warrant;
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      DROP VIEW ca.warrant_remaining, ca.certificate_owner, ca.device_certificate;
      DROP FUNCTION ca.serial_number(integer, integer, bytea);
    `);
  }
}
