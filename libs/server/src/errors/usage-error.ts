/** A command line that cannot be followed, or what was set contradicts what is there: for the operator to mend. Exit code 2. */
export class UsageError extends TypeError {
  constructor(message: string) {
    super(message);
    this.name = 'UsageError';
  }
}
