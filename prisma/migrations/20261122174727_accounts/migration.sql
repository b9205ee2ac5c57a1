-- CreateEnum
CREATE TYPE "SecurityEventKind" AS ENUM ('PASSWORD_CHANGED', 'RECOVERY_CODE_MADE', 'RECOVERY_CODE_USED', 'RESET_LINK_MADE', 'RESET_LINK_USED');

-- AlterTable
ALTER TABLE "session" ADD COLUMN     "arrived" BOOLEAN NOT NULL DEFAULT false;

-- AlterTable
ALTER TABLE "user" ADD COLUMN     "colour" INTEGER,
ADD COLUMN     "recovery_hash" BYTEA;

-- CreateTable
CREATE TABLE "block" (
    "blocker_id" UUID NOT NULL,
    "blocked_id" UUID NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "block_pkey" PRIMARY KEY ("blocker_id","blocked_id")
);

-- CreateTable
CREATE TABLE "reset_link" (
    "id" UUID NOT NULL,
    "token_hash" BYTEA NOT NULL,
    "user_id" UUID NOT NULL,
    "made_by_id" UUID NOT NULL,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "reset_link_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "security_event" (
    "id" UUID NOT NULL,
    "user_id" UUID NOT NULL,
    "kind" "SecurityEventKind" NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "security_event_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "room_link" (
    "id" UUID NOT NULL,
    "room_id" UUID NOT NULL,
    "token_hash" BYTEA NOT NULL,
    "created_by_id" UUID NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,
    "max_uses" INTEGER NOT NULL,
    "uses" INTEGER NOT NULL DEFAULT 0,
    "revoked_at" TIMESTAMPTZ(3),

    CONSTRAINT "room_link_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "block_blocked_id_idx" ON "block"("blocked_id");

-- CreateIndex
CREATE UNIQUE INDEX "reset_link_token_hash_key" ON "reset_link"("token_hash");

-- CreateIndex
CREATE UNIQUE INDEX "reset_link_user_id_key" ON "reset_link"("user_id");

-- CreateIndex
CREATE INDEX "reset_link_made_by_id_idx" ON "reset_link"("made_by_id");

-- CreateIndex
CREATE INDEX "security_event_user_id_idx" ON "security_event"("user_id");

-- CreateIndex
CREATE UNIQUE INDEX "room_link_token_hash_key" ON "room_link"("token_hash");

-- CreateIndex
CREATE INDEX "room_link_room_id_idx" ON "room_link"("room_id");

-- CreateIndex
CREATE INDEX "room_link_created_by_id_idx" ON "room_link"("created_by_id");

-- AddForeignKey
ALTER TABLE "block" ADD CONSTRAINT "block_blocker_id_fkey" FOREIGN KEY ("blocker_id") REFERENCES "user"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "block" ADD CONSTRAINT "block_blocked_id_fkey" FOREIGN KEY ("blocked_id") REFERENCES "user"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "reset_link" ADD CONSTRAINT "reset_link_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "user"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "reset_link" ADD CONSTRAINT "reset_link_made_by_id_fkey" FOREIGN KEY ("made_by_id") REFERENCES "user"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "security_event" ADD CONSTRAINT "security_event_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "user"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "room_link" ADD CONSTRAINT "room_link_room_id_fkey" FOREIGN KEY ("room_id") REFERENCES "room"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "room_link" ADD CONSTRAINT "room_link_created_by_id_fkey" FOREIGN KEY ("created_by_id") REFERENCES "user"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- What follows is written by hand: promises that Prisma's schema cannot express. Keep it when this file is made anew.

ALTER TABLE "user" ADD CONSTRAINT "user_colour_is_one_of_twelve" CHECK ("colour" BETWEEN 0 AND 11);
ALTER TABLE "block" ADD CONSTRAINT "block_not_oneself" CHECK ("blocker_id" <> "blocked_id");

-- Without it, deleting an account would look at every entry that there is.
CREATE INDEX "entry_subject_key" ON "entry" ("subject_id") WHERE "subject_id" IS NOT NULL;
