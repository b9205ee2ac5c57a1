-- CreateEnum
CREATE TYPE "TokenScope" AS ENUM ('READ', 'WRITE');

-- CreateEnum
CREATE TYPE "WebhookEvent" AS ENUM ('MESSAGE_SENT', 'MESSAGE_EDITED', 'MESSAGE_DELETED', 'MEMBER_JOINED', 'MEMBER_LEFT', 'ROOM_CHANGED');

-- AlterEnum
ALTER TYPE "AuditAction" ADD VALUE 'PERSONAL_TOKEN_MADE';
ALTER TYPE "AuditAction" ADD VALUE 'WEBHOOK_MADE';
ALTER TYPE "AuditAction" ADD VALUE 'WEBHOOK_REVOKED';

-- AlterTable
ALTER TABLE "entry" ADD COLUMN     "integration" TEXT;

-- CreateTable
CREATE TABLE "personal_token" (
    "id" UUID NOT NULL,
    "user_id" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "scope" "TokenScope" NOT NULL,
    "prefix" TEXT NOT NULL,
    "token_hash" BYTEA NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,
    "last_used_on" DATE,

    CONSTRAINT "personal_token_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "incoming_webhook" (
    "id" UUID NOT NULL,
    "room_id" UUID NOT NULL,
    "created_by_id" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "token_hash" BYTEA NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "last_used_on" DATE,

    CONSTRAINT "incoming_webhook_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "outgoing_webhook" (
    "id" UUID NOT NULL,
    "room_id" UUID NOT NULL,
    "created_by_id" UUID NOT NULL,
    "url" TEXT NOT NULL,
    "secret" BYTEA NOT NULL,
    "events" "WebhookEvent"[],
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "done_seq" INTEGER NOT NULL,
    "failures" INTEGER NOT NULL DEFAULT 0,
    "next_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "leased_until" TIMESTAMPTZ(3),
    "lease_id" UUID,
    "stopped_at" TIMESTAMPTZ(3),

    CONSTRAINT "outgoing_webhook_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "webhook_delivery" (
    "id" UUID NOT NULL,
    "webhook_id" UUID NOT NULL,
    "seq" INTEGER NOT NULL,
    "event" "WebhookEvent" NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "status" INTEGER,
    "problem" TEXT,

    CONSTRAINT "webhook_delivery_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE UNIQUE INDEX "personal_token_token_hash_key" ON "personal_token"("token_hash");

-- CreateIndex
CREATE INDEX "personal_token_user_id_idx" ON "personal_token"("user_id");

-- CreateIndex
CREATE UNIQUE INDEX "incoming_webhook_token_hash_key" ON "incoming_webhook"("token_hash");

-- CreateIndex
CREATE INDEX "incoming_webhook_room_id_idx" ON "incoming_webhook"("room_id");

-- CreateIndex
CREATE INDEX "incoming_webhook_created_by_id_idx" ON "incoming_webhook"("created_by_id");

-- CreateIndex
CREATE INDEX "outgoing_webhook_room_id_idx" ON "outgoing_webhook"("room_id");

-- CreateIndex
CREATE INDEX "outgoing_webhook_created_by_id_idx" ON "outgoing_webhook"("created_by_id");

-- CreateIndex
CREATE INDEX "webhook_delivery_webhook_id_idx" ON "webhook_delivery"("webhook_id");

-- AddForeignKey
ALTER TABLE "personal_token" ADD CONSTRAINT "personal_token_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "user"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "incoming_webhook" ADD CONSTRAINT "incoming_webhook_room_id_fkey" FOREIGN KEY ("room_id") REFERENCES "room"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "incoming_webhook" ADD CONSTRAINT "incoming_webhook_created_by_id_fkey" FOREIGN KEY ("created_by_id") REFERENCES "user"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "outgoing_webhook" ADD CONSTRAINT "outgoing_webhook_room_id_fkey" FOREIGN KEY ("room_id") REFERENCES "room"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "outgoing_webhook" ADD CONSTRAINT "outgoing_webhook_created_by_id_fkey" FOREIGN KEY ("created_by_id") REFERENCES "user"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "webhook_delivery" ADD CONSTRAINT "webhook_delivery_webhook_id_fkey" FOREIGN KEY ("webhook_id") REFERENCES "outgoing_webhook"("id") ON DELETE CASCADE ON UPDATE CASCADE;
