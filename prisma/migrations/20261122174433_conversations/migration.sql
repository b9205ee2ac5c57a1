-- CreateEnum
CREATE TYPE "NotifyLevel" AS ENUM ('ALL', 'MENTIONS', 'NOTHING');

-- AlterEnum
-- This migration adds more than one value to an enum.
-- With PostgreSQL versions 11 and earlier, this is not possible
-- in a single migration. This can be worked around by creating
-- multiple migrations, each migration adding only one value to
-- the enum.


ALTER TYPE "EntryKind" ADD VALUE 'MESSAGE_PINNED';
ALTER TYPE "EntryKind" ADD VALUE 'MESSAGE_UNPINNED';
ALTER TYPE "EntryKind" ADD VALUE 'REACTION_SET';
ALTER TYPE "EntryKind" ADD VALUE 'REACTION_REMOVED';

-- DropIndex
DROP INDEX "entry_actor_id_idx";

-- AlterTable
ALTER TABLE "entry" ADD COLUMN     "changed_seq" INTEGER,
ADD COLUMN     "mentions_room" BOOLEAN NOT NULL DEFAULT false,
ADD COLUMN     "ordinal" INTEGER,
ADD COLUMN     "pinned_at" TIMESTAMPTZ(3);

-- AlterTable
ALTER TABLE "membership" ADD COLUMN     "notify" "NotifyLevel" NOT NULL DEFAULT 'ALL';

-- AlterTable
ALTER TABLE "room" ADD COLUMN     "message_count" INTEGER NOT NULL DEFAULT 0;

-- CreateTable
CREATE TABLE "mention" (
    "user_id" UUID NOT NULL,
    "room_id" UUID NOT NULL,
    "seq" INTEGER NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "mention_pkey" PRIMARY KEY ("user_id","room_id","seq")
);

-- CreateTable
CREATE TABLE "reaction" (
    "room_id" UUID NOT NULL,
    "seq" INTEGER NOT NULL,
    "emoji" TEXT NOT NULL,
    "user_id" UUID NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "reaction_pkey" PRIMARY KEY ("room_id","seq","emoji","user_id")
);

-- CreateIndex
CREATE INDEX "mention_user_id_created_at_idx" ON "mention"("user_id", "created_at");

-- CreateIndex
CREATE INDEX "mention_room_id_seq_idx" ON "mention"("room_id", "seq");

-- CreateIndex
CREATE INDEX "reaction_user_id_idx" ON "reaction"("user_id");

-- CreateIndex
CREATE INDEX "entry_actor_id_room_id_seq_idx" ON "entry"("actor_id", "room_id", "seq");

-- AddForeignKey
ALTER TABLE "mention" ADD CONSTRAINT "mention_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "user"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "mention" ADD CONSTRAINT "mention_room_id_fkey" FOREIGN KEY ("room_id") REFERENCES "room"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "reaction" ADD CONSTRAINT "reaction_room_id_fkey" FOREIGN KEY ("room_id") REFERENCES "room"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "reaction" ADD CONSTRAINT "reaction_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "user"("id") ON DELETE CASCADE ON UPDATE CASCADE;


-- What follows is written by hand: promises that Prisma's schema cannot express. Keep it when this file is made anew.

-- What was there before positions were kept counts as read.
UPDATE "entry" SET "ordinal" = numbered."n", "changed_seq" = GREATEST(numbered."seq", coalesce(
        (SELECT max(c."seq") FROM "entry" c WHERE c."room_id" = numbered."room_id" AND c."target_id" = numbered."id"), 0))
    FROM (SELECT "id", "room_id", "seq", row_number() OVER (PARTITION BY "room_id" ORDER BY "seq") AS "n"
        FROM "entry" WHERE "kind" = 'MESSAGE') numbered
    WHERE "entry"."id" = numbered."id";
UPDATE "room" SET "message_count" = (
    SELECT count(*) FROM "entry" WHERE "entry"."room_id" = "room"."id" AND "entry"."kind" = 'MESSAGE');
UPDATE "membership" SET "read_seq" = "room"."last_seq" FROM "room" WHERE "room"."id" = "membership"."room_id";

ALTER TABLE "entry"
    ADD CONSTRAINT "entry_message_is_numbered"
        CHECK (("kind" = 'MESSAGE') = ("ordinal" IS NOT NULL) AND ("kind" = 'MESSAGE') = ("changed_seq" IS NOT NULL)),
    ADD CONSTRAINT "entry_only_messages_stand_out" CHECK ("kind" = 'MESSAGE' OR NOT ("mentions_room" OR "pinned_at" IS NOT NULL)),
    ADD CONSTRAINT "entry_deleted_does_not_stand_out"
        CHECK ("deleted_at" IS NULL OR NOT ("mentions_room" OR "pinned_at" IS NOT NULL)),
    ADD CONSTRAINT "entry_mls_is_opaque"
        CHECK ("encoding" <> 'MLS' OR ("target_id" IS NULL AND NOT "mentions_room" AND "pinned_at" IS NULL));

ALTER TABLE "reaction" ADD CONSTRAINT "reaction_emoji_is_short" CHECK (length("emoji") BETWEEN 1 AND 32);

-- Each for a count or a list that must not look at every message.
CREATE INDEX "entry_deleted" ON "entry" ("room_id", "seq") WHERE "deleted_at" IS NOT NULL;
CREATE INDEX "entry_calling" ON "entry" ("room_id", "seq") WHERE "mentions_room";
CREATE INDEX "entry_pinned" ON "entry" ("room_id", "pinned_at") WHERE "pinned_at" IS NOT NULL;

-- Replies, mentions, reactions and pins of an encrypted room are inside the encryption, where the server sees none.
CREATE FUNCTION "only_in_plain_rooms"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (SELECT "encryption" FROM "room" WHERE "id" = NEW."room_id" FOR NO KEY UPDATE) <> 'NONE' THEN
        RAISE EXCEPTION 'room % is encrypted: the server keeps no % of it', NEW."room_id", TG_TABLE_NAME
            USING ERRCODE = 'check_violation', CONSTRAINT = 'only_in_plain_rooms';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER "mention_only_in_plain_rooms" BEFORE INSERT OR UPDATE ON "mention"
    FOR EACH ROW EXECUTE FUNCTION "only_in_plain_rooms"();
CREATE TRIGGER "reaction_only_in_plain_rooms" BEFORE INSERT OR UPDATE ON "reaction"
    FOR EACH ROW EXECUTE FUNCTION "only_in_plain_rooms"();
CREATE TRIGGER "entry_only_in_plain_rooms" BEFORE INSERT OR UPDATE OF "mentions_room", "pinned_at" ON "entry"
    FOR EACH ROW WHEN (NEW."mentions_room" OR NEW."pinned_at" IS NOT NULL OR (NEW."kind" = 'MESSAGE' AND NEW."target_id" IS NOT NULL)
        OR NEW."kind"::text IN ('MESSAGE_PINNED', 'MESSAGE_UNPINNED', 'REACTION_SET', 'REACTION_REMOVED'))
    EXECUTE FUNCTION "only_in_plain_rooms"();
