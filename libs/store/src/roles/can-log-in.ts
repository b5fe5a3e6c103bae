import { Client, DatabaseError } from 'pg';
import { toStoreError } from '../store-error.js';

const INVALID_PASSWORD = '28P01';

/** Whether the database takes the password of a role's URL; one that never was, or was changed since, it does not. Codes of StoreError. */
export async function canLogIn(url: string): Promise<boolean> {
  const client = new Client({ connectionString: url, application_name: 'touchmark roles' });
  client.on('error', () => undefined);
  try {
    await client.connect();
    return true;
  } catch (error) {
    if (error instanceof DatabaseError && error.code === INVALID_PASSWORD) return false;
    throw toStoreError(error);
  } finally {
    await client.end().catch(() => undefined);
  }
}
