import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Schema `publication`: what the responder may know of the CA, as views that run with their owner's rights. Its role gets USAGE
 * on this schema and SELECT on these views, and nothing of schema `ca`: no certificate bytes of devices, no keys' owners, no
 * subjects, no warrants, no causes of holds.
 */
export class ResponderViews1795000000004 implements MigrationInterface {
  readonly name = 'ResponderViews1795000000004';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE SCHEMA publication;

      CREATE VIEW publication.authority AS SELECT id, kind, certificate FROM ca.authority;

      CREATE VIEW publication.status_list AS SELECT id, authority_id, leased_to, state FROM ca.status_list;

      -- which seats were issued: enough to tell a serial number that exists from one that somebody made up
      CREATE VIEW publication.issued_seat AS SELECT list_id, index, random FROM ca.certificate;

      CREATE VIEW publication.revocation AS SELECT list_id, index, value, reason, revoked_at FROM ca.revocation;

      CREATE VIEW publication.journal_head AS SELECT epoch, sequence FROM ca.journal_head;

      CREATE VIEW publication.journal AS
        SELECT epoch, sequence, list_id, kind, leased_to, indexes, seat_values, committed_at FROM ca.journal;

      CREATE VIEW publication.crl AS SELECT list_id, number, this_update, next_update, der FROM ca.crl;
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP SCHEMA publication CASCADE');
  }
}
