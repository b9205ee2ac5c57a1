-- AlterEnum
ALTER TYPE "EntryKind" ADD VALUE 'MESSAGES_EXPIRED';

-- AlterTable
ALTER TABLE "room" ADD COLUMN     "expired_seq" INTEGER NOT NULL DEFAULT 0,
ADD COLUMN     "retention_days" INTEGER;

-- What follows is written by hand: promises that Prisma's schema cannot express. Keep it when this file is made anew.

ALTER TABLE "room"
    ADD CONSTRAINT "room_retention_in_days" CHECK ("retention_days" BETWEEN 1 AND 3650),
    ADD CONSTRAINT "room_direct_has_no_retention" CHECK ("kind" <> 'DIRECT' OR "retention_days" IS NULL),
    ADD CONSTRAINT "room_expired_in_log" CHECK ("expired_seq" BETWEEN 0 AND "last_seq");
