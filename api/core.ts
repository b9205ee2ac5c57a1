import { type Admission, openAdmission } from './admission.ts';
import { checkBus } from './busCheck.ts';
import type { Config } from './config.ts';
import { type Database, openDatabase, type PrismaClient } from './db/db.ts';
import type { Instance } from './db/model.ts';
import { type Limits, openLimits } from './limits.ts';
import type { Log } from './log.ts';
import { type Bus, openBus } from './pubsub.ts';
import { type Heartbeat, startHeartbeat } from './realtime/heartbeat.ts';
import { type Lookups, openLookups } from './realtime/lookups.ts';
import { openRoomFeeds, type RoomFeeds } from './realtime/roomFeeds.ts';
import { openRoomsVersions, type RoomsVersions } from './realtime/roomsVersions.ts';
import type { Deliveries } from './realtime/sharedGroup.ts';
import { checkStorage, openStorage, type Storage } from './storage/storage.ts';

/** What every domain function is given: the parts of one running node. */
export interface Core {
  config: Config;
  log: Log;
  db: PrismaClient;
  /** True with the database inside this process. */
  embedded: boolean;
  bus: Bus;
  limits: Limits;
  /** The bytes of files. */
  storage: Storage;
  /** Who waits when everybody comes at once. */
  admission: Admission;
  heartbeat: Heartbeat;
  /** What all connections ask, in few queries. */
  lookups: Lookups;
  roomFeeds: RoomFeeds;
  roomsVersions: RoomsVersions;
  /** What came of the shared subscriptions of this node. */
  deliveries: Deliveries;
  /** The id of the installation; the rest of the row may change and is read when it is needed. */
  instanceId: string;
  close(): Promise<void>;
}

/** Opens the database (migrating it), the bus and what listens to them. Throws StartError when one is unusable. */
export async function openCore(config: Config, log: Log): Promise<Core> {
  const { databaseUrl, dataDir } = config;
  await checkStorage(config);
  await checkBus(config.redisUrl, (line) => log.warn('start', { line }));
  const database = await openDatabase({ databaseUrl, dataDir, log: (line) => log.info('database', { line }) });
  const bus = openBus(config.redisUrl, log);
  const heartbeat = startHeartbeat(bus, log);
  const limits = openLimits(config);
  const admission = openAdmission(config);
  const lookups = openLookups(database.prisma);
  return {
    config,
    log,
    db: database.prisma,
    embedded: database.embedded,
    bus,
    limits,
    storage: openStorage(config),
    admission,
    heartbeat,
    lookups,
    roomFeeds: openRoomFeeds({ db: database.prisma, bus, heartbeat, log, lookups, pages: admission.pages }),
    deliveries: { executions: 0, delivered: 0, fellBack: 0 },
    roomsVersions: openRoomsVersions(database.prisma, bus, heartbeat, lookups),
    instanceId: (await readInstance(database)).id,
    close: async () => {
      heartbeat.stop();
      limits.close();
      await bus.close();
      await database.close();
    },
  };
}

function readInstance({ prisma }: Database): Promise<Instance> {
  return prisma.instance.findFirstOrThrow({ where: { only: true } });
}
