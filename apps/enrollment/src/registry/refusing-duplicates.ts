import { StoreError } from '@touchmark/store';

/** Runs an insert and answers `refuse(constraint)` where another row has what must be unique. */
export async function refusingDuplicates<T>(
  insert: () => Promise<T>,
  refuse: (constraint: string | undefined) => Error,
): Promise<T> {
  try {
    return await insert();
  } catch (error) {
    if (error instanceof StoreError && error.code === 'STORE_DUPLICATE') throw refuse(error.constraint);
    throw error;
  }
}
