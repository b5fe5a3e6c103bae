/**
 * Keeps about as many values as it is told, dropping what was not asked for longest: two generations, of which the older
 * is dropped whole when the younger is full. A hit in the younger, the common case, writes nothing.
 */
export class ResponseCache<T> {
  private readonly half: number;
  private young = new Map<string, T>();
  private old = new Map<string, T>();

  /** @param size at most this many values; 0 keeps none */
  constructor(size: number) {
    this.half = Math.ceil(size / 2);
  }

  get(key: string): T | undefined {
    const value = this.young.get(key);
    if (value !== undefined) return value;
    const older = this.old.get(key);
    if (older !== undefined) this.set(key, older);
    return older;
  }

  set(key: string, value: T): void {
    if (this.half === 0) return;
    if (this.young.size >= this.half && !this.young.has(key)) {
      this.old = this.young;
      this.young = new Map();
    }
    this.young.set(key, value);
  }

  clear(): void {
    this.young = new Map();
    this.old = new Map();
  }
}
