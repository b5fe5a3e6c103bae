/**
 * Remembers what a pure function made of few, often repeated inputs. At its limit it forgets everything: that keeps a stream
 * of new inputs from growing it, and the few come back at once.
 */
export class BoundedMemo<K, V> {
  private readonly known = new Map<K, V>();
  private readonly limit: number;
  private readonly make: (key: K) => V;

  constructor(limit: number, make: (key: K) => V) {
    this.limit = limit;
    this.make = make;
  }

  get(key: K): V {
    const known = this.known.get(key);
    if (known !== undefined) return known;
    const made = this.make(key);
    if (this.known.size >= this.limit) this.known.clear();
    this.known.set(key, made);
    return made;
  }
}
