import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';

/** A load client in a process of its own, which takes one order at a time. */
export class ClientProcess<Order extends object, Result> {
  private readonly child: ChildProcess;

  constructor(module: URL) {
    this.child = fork(module, { serialization: 'advanced' });
  }

  run(order: Order): Promise<Result> {
    const { child } = this;
    return new Promise((resolve, reject) => {
      const onExit = (): void => reject(new Error('the load client has ended'));
      child.once('exit', onExit);
      child.once('message', (result) => {
        child.off('exit', onExit);
        // client and order are named together where this is made
        // oxlint-disable-next-line typescript/no-unsafe-type-assertion
        resolve(result as Result);
      });
      child.send(order, (error) => {
        if (error) reject(error);
      });
    });
  }

  async stop(): Promise<void> {
    this.child.removeAllListeners();
    this.child.kill();
    if (this.child.exitCode === null) await once(this.child, 'exit');
  }
}
