import { encodeCertificateNames, IssuanceError, signCertificate } from '@touchmark/issuance';
import { encodeSerialNumber, SERIAL_NUMBER_RANDOM_LENGTH } from '@touchmark/status-list';
import type { Templates } from '../authorities/templates.js';
import type { SeatSupply, TakenSeat } from '../seats/seat-supply.js';
import { fieldsOf, toCaError } from './check-request.js';
import type { Decision } from './decide.js';
import type { CheckedOrder } from './order.js';

/** Steps 4 to 8: gives every order that is to be issued its signed bytes; an order that fails becomes a refusal. */
export type SignOrders = (orders: readonly CheckedOrder[], decisions: Decision[]) => Promise<void>;

export interface SignOrdersPorts {
  readonly seats: SeatSupply;
  readonly templates: Templates;
  readonly randomBytes: (length: number) => Uint8Array;
  readonly onError: (error: unknown) => void;
}

export function signOrdersWith({ seats, templates, randomBytes, onError }: SignOrdersPorts): SignOrders {
  const sign = async (order: CheckedOrder, pseudonym: string, seat: TakenSeat): Promise<void> => {
    const random = randomBytes(SERIAL_NUMBER_RANDOM_LENGTH);
    const serialNumber = encodeSerialNumber({ listId: seat.list.id, index: seat.index, random });
    const own = pseudonym === order.pseudonym ? order.names : undefined;
    const signed = signCertificate({
      template: templates.of(order.profile, seat.list),
      request: order.checked,
      names: own ?? encodeCertificateNames(order.profile, fieldsOf(order.request, pseudonym)),
      validity: { notBefore: order.notBefore, notAfter: order.notAfter },
      serialNumber,
      now: order.checkedAt,
    });
    const { certificate } = await signed;
    order.signed = { seat, random, serialNumber, certificate, pseudonym };
  };

  return async (orders, decisions) => {
    const wanted = orders.flatMap((order, i) => {
      const decision = decisions[i];
      if (decision?.kind !== 'issue' || order.signed?.pseudonym === decision.pseudonym) return [];
      return [{ order, i, pseudonym: decision.pseudonym }];
    });
    for (const group of Map.groupBy(wanted, ({ order }) => `${order.authorityId} ${order.bucket}`).values()) {
      const [first] = group;
      if (!first) continue;
      const taken = await seats.take(first.order.authorityId, first.order.bucket, group.length);
      await Promise.all(
        group.map(async ({ order, i, pseudonym }, place) => {
          const seat = taken[place];
          try {
            if (!seat) throw new TypeError('fewer seats than orders');
            await sign(order, pseudonym, seat);
          } catch (error) {
            onError(error);
            const code = error instanceof IssuanceError ? toCaError(error).code : 'INTERNAL';
            decisions[i] = { kind: 'refuse', code, suspend: false };
          }
        }),
      );
    }
  };
}
