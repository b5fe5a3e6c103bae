import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { readBytes, replaceFile } from '../files.js';
import { send } from '../service/http.js';
import { refusalOf } from '../service/refusal.js';

/** A snapshot and who signs, as they come: nothing is proven yet. */
export interface StatusFiles {
  readonly snapshot: Uint8Array;
  /** PEM. */
  readonly signers: Uint8Array;
}

const SNAPSHOT = 'snapshot';
const SIGNERS = 'signers.pem';

/** From the responder, over plain HTTP: what counts is the signature. */
export async function fetchStatus(statusUrl: string, ca: string): Promise<StatusFiles> {
  const get = async (what: string): Promise<Uint8Array> => {
    const answer = await send({ method: 'GET', url: `${statusUrl}/status/${what}`, ca, plain: true });
    if (answer.status !== 200) throw refusalOf(answer, statusUrl);
    return new Uint8Array(answer.body);
  };
  // signers second: whoever has signed the snapshot is among them
  const snapshot = await get('snapshot');
  return { snapshot, signers: await get('signers') };
}

export async function saveStatus(folder: string, { snapshot, signers }: StatusFiles): Promise<void> {
  await mkdir(folder, { recursive: true });
  await replaceFile(path.join(folder, SIGNERS), signers);
  await replaceFile(path.join(folder, SNAPSHOT), snapshot);
}

export async function readStatus(folder: string): Promise<StatusFiles> {
  const snapshot = new Uint8Array(await readBytes(path.join(folder, SNAPSHOT)));
  return { snapshot, signers: new Uint8Array(await readBytes(path.join(folder, SIGNERS))) };
}
