import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What certificates are made with for ever, and what a CA holds while it serves. */
export class HierarchyTerms1795000000006 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      -- One row, written when the hierarchy is made: a CA that is told otherwise afterwards does not start.
      CREATE TABLE ca.hierarchy (
        single boolean PRIMARY KEY DEFAULT true CHECK (single),
        realm text NOT NULL,
        public_http_url text NOT NULL,
        evaluation boolean NOT NULL
      );

      -- Never written: locked by every CA that serves, so that a restore finds out. Only the CA's role can lock it.
      CREATE TABLE ca.serving (nothing boolean);
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE ca.serving, ca.hierarchy');
  }
}
