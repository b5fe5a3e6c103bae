import { X509Error } from '@touchmark/x509';

import { EntryWalker } from './entry-walker.js';
import { hashSerial, type HashSeed } from './serial-hash.js';

/**
 * Where in a CRL the entries of a serial number are: a hash table of offsets, 8 octets an entry and no object, half of its
 * slots empty. An indirect CRL has 4 octets more for each entry with certificateIssuer.
 */
export class EntryIndex {
  /** How many entries there are. */
  readonly size: number;
  private readonly entries: Uint8Array;
  private readonly seed: HashSeed;
  /** Offset of an entry plus 1; 0 is empty. */
  private readonly slots: Uint32Array;
  /** Offsets of the entries with certificateIssuer, ascending. */
  private readonly issuers: Uint32Array;

  /**
   * Reads the entries twice: to count them, to file them. Throws X509Error CERTIFICATE_LIST_MALFORMED, also for a serial number
   * that stands there twice, and EXTENSION_CRITICAL_UNKNOWN: in both cases the CRL says nothing of any certificate.
   */
  constructor(entries: Uint8Array, { version, indirect, seed }: { version: 1 | 2; indirect: boolean; seed: HashSeed }) {
    this.entries = entries;
    this.seed = seed;
    let size = 0;
    let issuers = 0;
    for (const walker = new EntryWalker(entries, version, indirect); walker.next(); size++) {
      if (walker.namesIssuer) issuers++;
    }
    this.size = size;
    this.slots = new Uint32Array(size * 2 + 1);
    this.issuers = new Uint32Array(issuers);
    this.fileAll(new EntryWalker(entries, version, indirect));
  }

  /** What it takes beside the entries themselves. */
  get octets(): number {
    return this.slots.byteLength + this.issuers.byteLength;
  }

  /** Whole elements of the entries with this serial number (INTEGER content octets): at most one, but in an indirect CRL. */
  *find(serialNumber: Uint8Array): Generator<IndexedEntry, void, undefined> {
    const { slots } = this;
    for (
      let slot = this.slotOf(serialNumber, 0, serialNumber.length);
      ;
      slot = slot + 1 === slots.length ? 0 : slot + 1
    ) {
      const filed = slots[slot] ?? 0;
      if (filed === 0) return;
      if (this.hasSerial(filed - 1, serialNumber, 0, serialNumber.length)) yield this.entryAt(filed - 1);
    }
  }

  private fileAll(walker: EntryWalker): void {
    const { entries, slots, issuers } = this;
    let group = 0;
    while (walker.next()) {
      if (walker.namesIssuer) issuers[group++] = walker.entry;
      const { serialStart, serialEnd } = walker;
      let slot = this.slotOf(entries, serialStart, serialEnd);
      for (let filed = slots[slot] ?? 0; filed !== 0; filed = slots[slot] ?? 0) {
        const twice = this.hasSerial(filed - 1, entries, serialStart, serialEnd);
        if (twice && this.groupOf(filed - 1, group) === group) throw new X509Error('CERTIFICATE_LIST_MALFORMED');
        slot = slot + 1 === slots.length ? 0 : slot + 1;
      }
      slots[slot] = walker.entry + 1;
    }
  }

  private slotOf(bytes: Uint8Array, start: number, end: number): number {
    return Math.floor((hashSerial(bytes, start, end, this.seed) / 0x1_0000_0000) * this.slots.length);
  }

  private hasSerial(entry: number, bytes: Uint8Array, start: number, end: number): boolean {
    const { entries } = this;
    // Headers were checked by the walker. INTEGER: tag, length, contents.
    const integer = entry + headerLength(entries, entry);
    const from = integer + headerLength(entries, integer);
    if (contentLength(entries, integer) !== end - start) return false;
    for (let i = 0; i < end - start; i++) {
      if (entries[from + i] !== bytes[start + i]) return false;
    }
    return true;
  }

  private entryAt(entry: number): IndexedEntry {
    const group = this.groupOf(entry, this.issuers.length);
    const naming = group === 0 ? undefined : this.elementAt(this.issuers[group - 1] ?? 0);
    return { element: this.elementAt(entry), naming };
  }

  private elementAt(entry: number): Uint8Array {
    const { entries } = this;
    return entries.subarray(entry, entry + headerLength(entries, entry) + contentLength(entries, entry));
  }

  // How many of the first `count` entries with certificateIssuer do not lie behind this one.
  private groupOf(entry: number, count: number): number {
    let low = 0;
    let high = count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.issuers[middle] ?? 0) <= entry) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

export interface IndexedEntry {
  readonly element: Uint8Array;
  /** The entry whose certificateIssuer holds for this one too, itself perhaps; undefined: that of the CRL's issuer. */
  readonly naming: Uint8Array | undefined;
}

function headerLength(bytes: Uint8Array, at: number): number {
  const length = bytes[at + 1] ?? 0;
  return length < 0x80 ? 2 : 2 + (length & 0x7f);
}

function contentLength(bytes: Uint8Array, at: number): number {
  const first = bytes[at + 1] ?? 0;
  if (first < 0x80) return first;
  let length = 0;
  for (let i = 0; i < (first & 0x7f); i++) length = length * 256 + (bytes[at + 2 + i] ?? 0);
  return length;
}
