-- AlterTable
ALTER TABLE "instance" ADD COLUMN     "push_private_key" TEXT,
ADD COLUMN     "push_public_key" TEXT;

-- AlterTable
ALTER TABLE "membership" ADD COLUMN     "pushed_seq" INTEGER NOT NULL DEFAULT 0;

-- AlterTable
ALTER TABLE "user" ADD COLUMN     "exporting_until" TIMESTAMPTZ(3),
ADD COLUMN     "hushed_until" TIMESTAMPTZ(3);

-- AlterTable
ALTER TABLE "session" DROP COLUMN "arrived";

-- CreateTable
CREATE TABLE "push_subscription" (
    "session_id" UUID NOT NULL,
    "user_id" UUID NOT NULL,
    "endpoint" TEXT NOT NULL,
    "p256dh" TEXT NOT NULL,
    "auth" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "live_at" TIMESTAMPTZ(3),
    "failures" INTEGER NOT NULL DEFAULT 0,

    CONSTRAINT "push_subscription_pkey" PRIMARY KEY ("session_id")
);

-- CreateIndex
CREATE UNIQUE INDEX "push_subscription_endpoint_key" ON "push_subscription"("endpoint");

-- CreateIndex
CREATE INDEX "push_subscription_user_id_idx" ON "push_subscription"("user_id");

-- AddForeignKey
ALTER TABLE "push_subscription" ADD CONSTRAINT "push_subscription_session_id_fkey" FOREIGN KEY ("session_id") REFERENCES "session"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "push_subscription" ADD CONSTRAINT "push_subscription_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "user"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- What follows is written by hand: promises that Prisma's schema cannot express. Keep it when this file is made anew.

-- Searches for has:file, newest first, use this same condition.
CREATE INDEX "entry_with_files" ON "entry" ("created_at", "id")
    WHERE "kind" = 'MESSAGE' AND "deleted_at" IS NULL AND "files" IS NOT NULL;
