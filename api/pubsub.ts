import { EventEmitter } from 'node:events';
import { RedisPubSub } from 'graphql-redis-subscriptions';
import { PubSub } from 'graphql-subscriptions';
import { Redis } from 'ioredis';
import type { Log } from './log.ts';

/**
 * The doorbell between nodes: at most once, unordered, lossy. Nothing may depend on a ring arriving;
 * whoever listens also looks at the database from time to time.
 */
export interface Bus {
  /** Rings without waiting. A failure is counted and logged, never thrown. */
  ring(topic: string, payload: unknown): void;
  /** Rings for the other nodes, by whoever has told its own: in a process alone, for nobody. */
  ringOthers(topic: string, payload: unknown): void;
  /** Resolves once rings are heard, or after half a second if Redis does not answer. Gives the way to stop, once. */
  listen(topic: string, onRing: (payload: unknown) => void): Promise<() => void>;
  /** Calls back after the connection was lost and is there again: rings in between were missed. */
  onRestored(callback: () => void): void;
  /** False while rings to other nodes go nowhere. */
  connected(): boolean;
  close(): Promise<void>;
}

const SILENCE = 4_000;
/** How many topics are asked for in one command. */
const TOGETHER = 1_000;

/** The bus through Redis when there is an address, in this process otherwise. */
export function openBus(redisUrl: string | undefined, log: Log): Bus {
  return redisUrl ? redisBus(redisUrl, log) : localBus();
}

// Payloads pass through JSON here too, so that one node behaves as two do.
function localBus(): Bus {
  const emitter = new EventEmitter().setMaxListeners(0);
  const engine = new PubSub({ eventEmitter: emitter });
  return {
    ring: (topic, payload) => void engine.publish(topic, JSON.parse(JSON.stringify(payload))),
    ringOthers: () => {},
    listen: async (topic, onRing) => {
      const id = await engine.subscribe(topic, onRing);
      let stopped = false;
      return () => {
        if (!stopped) engine.unsubscribe(id);
        stopped = true;
      };
    },
    onRestored: () => {},
    connected: () => true,
    close: async () => void emitter.removeAllListeners(),
  };
}

function redisBus(url: string, log: Log): Bus {
  const [publisher, subscriber] = [connect(url, 'publisher', log), connect(url, 'subscriber', log)];
  const engine = new RedisPubSub({ publisher, subscriber: persevering(subscriber) });
  const restored = new EventEmitter().setMaxListeners(0);
  let ready = 0;
  subscriber.on('ready', () => ready++ > 0 && restored.emit('restored'));
  const ring = (topic: string, payload: unknown) => {
    // Rings held back while Redis is away would only repeat what the position check has found by then.
    if (publisher.status !== 'ready') return;
    engine.publish(topic, payload).catch((error) => log.warn('bus.ring_lost', { error }));
  };
  return {
    ring,
    ringOthers: ring,
    listen: (topic, onRing) => listen(engine, topic, onRing, log),
    onRestored: (callback) => void restored.on('restored', callback),
    connected: () => publisher.status === 'ready' && subscriber.status === 'ready',
    close: async () => {
      publisher.disconnect();
      subscriber.disconnect();
    },
  };
}

/**
 * The subscriber as far as the engine uses it. For the engine a failure is the end of a topic, and it waits for no
 * unsubscribing: a rejection would end the process. So would one of the topics that are asked for again by ioredis when
 * the connection is back: they are asked for here, until Redis grants them.
 */
function persevering(redis: Redis): Redis {
  const topics = new Set<string>();
  const ask = (wanted: string[], done?: (error: null) => void) => {
    const asked = wanted.filter((topic) => topics.has(topic));
    if (asked.length === 0 || redis.status === 'end') return;
    const again = () => setTimeout(ask, SILENCE, asked, done).unref();
    redis.subscribe(...asked).then(() => done?.(null), again);
  };
  const subscribe = (topic: string, done: (error: null) => void) => {
    topics.add(topic);
    ask([topic], done);
  };
  const unsubscribe = (topic: string) => {
    topics.delete(topic);
    redis.unsubscribe(topic).catch(() => {});
  };
  redis.on('ready', () => {
    const all = [...topics];
    for (let at = 0; at < all.length; at += TOGETHER) ask(all.slice(at, at + TOGETHER));
  });
  const on = (event: string, onEvent: () => void) => redis.on(event, onEvent);
  return { on, subscribe, unsubscribe, punsubscribe: () => {} } as unknown as Redis;
}

function connect(url: string, role: string, log: Log): Redis {
  const redis = new Redis(url, {
    maxRetriesPerRequest: null,
    autoResubscribe: false,
    socketTimeout: SILENCE,
    retryStrategy: (tries) => Math.min(tries * 100, 2_000) * (0.5 + Math.random() / 2),
  });
  // A connection can die without a word: one that is asked and does not answer is opened anew.
  const pulse = setInterval(() => redis.status === 'ready' && redis.ping().catch(() => {}), SILENCE / 2).unref();
  redis.on('end', () => clearInterval(pulse));
  let down = false;
  redis.on('error', (error) => {
    if (!down) log.warn('bus.down', { role, code: (error as { code?: string }).code });
    down = true;
  });
  redis.on('ready', () => {
    if (down) log.info('bus.up', { role });
    down = false;
  });
  return redis;
}

async function listen(engine: RedisPubSub, topic: string, onRing: (payload: unknown) => void, log: Log) {
  let stopped = false;
  const subscription = engine.subscribe(topic, (payload: unknown) => !stopped && onRing(payload));
  subscription.catch((error) => log.warn('bus.listen_failed', { error }));
  await Promise.race([subscription, new Promise((resolve) => setTimeout(resolve, 500).unref())]);
  return () => {
    if (stopped) return; // A second time would take the topic away from another listener.
    stopped = true;
    subscription.then((id) => engine.unsubscribe(id)).catch((error) => log.warn('bus.unlisten_failed', { error }));
  };
}
