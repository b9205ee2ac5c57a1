-- AlterEnum
-- This migration adds more than one value to an enum.
-- With PostgreSQL versions 11 and earlier, this is not possible
-- in a single migration. This can be worked around by creating
-- multiple migrations, each migration adding only one value to
-- the enum.


ALTER TYPE "AuditAction" ADD VALUE 'DEVICE_ADDED';
ALTER TYPE "AuditAction" ADD VALUE 'DEVICE_REVOKED';
ALTER TYPE "AuditAction" ADD VALUE 'IDENTITY_REPLACED';
ALTER TYPE "AuditAction" ADD VALUE 'ROOM_ENCRYPTED';

-- AlterEnum
-- This migration adds more than one value to an enum.
-- With PostgreSQL versions 11 and earlier, this is not possible
-- in a single migration. This can be worked around by creating
-- multiple migrations, each migration adding only one value to
-- the enum.


ALTER TYPE "EntryKind" ADD VALUE 'EVENT';
ALTER TYPE "EntryKind" ADD VALUE 'GROUP_OPENED';
ALTER TYPE "EntryKind" ADD VALUE 'ROOM_ENCRYPTED';
ALTER TYPE "EntryKind" ADD VALUE 'DEVICE_REVOKED';

-- AlterTable
ALTER TABLE "device" RENAME COLUMN "certificate" TO "credential";

-- AlterTable
ALTER TABLE "room" ADD COLUMN     "group_epoch" INTEGER NOT NULL DEFAULT 0,
ADD COLUMN     "removals_due" BOOLEAN NOT NULL DEFAULT false;

-- AlterTable
ALTER TABLE "user" ADD COLUMN     "account_key" BYTEA,
ADD COLUMN     "account_key_version" INTEGER NOT NULL DEFAULT 0;

-- CreateTable
CREATE TABLE "key_package" (
    "id" UUID NOT NULL,
    "device_id" UUID NOT NULL,
    "bytes" BYTEA NOT NULL,
    "last_resort" BOOLEAN NOT NULL DEFAULT false,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "key_package_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "group_info" (
    "room_id" UUID NOT NULL,
    "bytes" BYTEA NOT NULL,

    CONSTRAINT "group_info_pkey" PRIMARY KEY ("room_id")
);

-- CreateTable
CREATE TABLE "group_device" (
    "room_id" UUID NOT NULL,
    "device_id" UUID NOT NULL,
    "joined_seq" INTEGER NOT NULL,
    "removal_due" BOOLEAN NOT NULL DEFAULT false,

    CONSTRAINT "group_device_pkey" PRIMARY KEY ("room_id","device_id")
);

-- CreateTable
CREATE TABLE "welcome" (
    "id" UUID NOT NULL,
    "room_id" UUID NOT NULL,
    "generation" INTEGER NOT NULL,
    "seq" INTEGER NOT NULL,
    "epoch" INTEGER NOT NULL,
    "mls" BYTEA NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "welcome_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "welcome_device" (
    "room_id" UUID NOT NULL,
    "device_id" UUID NOT NULL,
    "welcome_id" UUID NOT NULL,

    CONSTRAINT "welcome_device_pkey" PRIMARY KEY ("room_id","device_id")
);

-- CreateTable
CREATE TABLE "secret_blob" (
    "user_id" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "version" INTEGER NOT NULL,
    "blob" BYTEA NOT NULL,

    CONSTRAINT "secret_blob_pkey" PRIMARY KEY ("user_id","name")
);

-- CreateTable
CREATE TABLE "backup_segment" (
    "user_id" UUID NOT NULL,
    "room_id" UUID NOT NULL,
    "n" INTEGER NOT NULL,
    "blob" BYTEA NOT NULL,

    CONSTRAINT "backup_segment_pkey" PRIMARY KEY ("user_id","room_id","n")
);

-- CreateIndex
CREATE INDEX "session_device_id_idx" ON "session"("device_id");

-- CreateIndex
CREATE INDEX "key_package_device_id_idx" ON "key_package"("device_id");

-- CreateIndex
CREATE INDEX "group_device_device_id_idx" ON "group_device"("device_id");

-- CreateIndex
CREATE INDEX "welcome_room_id_idx" ON "welcome"("room_id");

-- CreateIndex
CREATE INDEX "welcome_device_device_id_idx" ON "welcome_device"("device_id");

-- CreateIndex
CREATE INDEX "welcome_device_welcome_id_idx" ON "welcome_device"("welcome_id");

-- CreateIndex
CREATE INDEX "backup_segment_room_id_idx" ON "backup_segment"("room_id");

-- AddForeignKey
ALTER TABLE "key_package" ADD CONSTRAINT "key_package_device_id_fkey" FOREIGN KEY ("device_id") REFERENCES "device"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "group_info" ADD CONSTRAINT "group_info_room_id_fkey" FOREIGN KEY ("room_id") REFERENCES "room"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "group_device" ADD CONSTRAINT "group_device_room_id_fkey" FOREIGN KEY ("room_id") REFERENCES "room"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "welcome" ADD CONSTRAINT "welcome_room_id_fkey" FOREIGN KEY ("room_id") REFERENCES "room"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "welcome_device" ADD CONSTRAINT "welcome_device_device_id_fkey" FOREIGN KEY ("device_id") REFERENCES "device"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "welcome_device" ADD CONSTRAINT "welcome_device_welcome_id_fkey" FOREIGN KEY ("welcome_id") REFERENCES "welcome"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "secret_blob" ADD CONSTRAINT "secret_blob_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "user"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "backup_segment" ADD CONSTRAINT "backup_segment_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "user"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "backup_segment" ADD CONSTRAINT "backup_segment_room_id_fkey" FOREIGN KEY ("room_id") REFERENCES "room"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- What follows is written by hand: promises that Prisma's schema cannot express. Keep it when this file is made anew.

CREATE UNIQUE INDEX "key_package_last_resort" ON "key_package" ("device_id") WHERE "last_resort";
CREATE INDEX "entry_device" ON "entry" ("device_id") WHERE "device_id" IS NOT NULL;

ALTER TABLE "user" ADD CONSTRAINT "user_account_key_is_one"
    CHECK (("account_key" IS NULL) = ("account_key_version" = 0) AND octet_length("account_key") = 32);
ALTER TABLE "device" ADD CONSTRAINT "device_keys_are_such"
    CHECK (octet_length("signature_key") = 32 AND octet_length("credential") = 129);

-- What is said in an encrypted room, what it is called and what its files are called stands nowhere here.
ALTER TABLE "room"
    ADD CONSTRAINT "room_encrypted_has_no_words"
        CHECK ("encryption" <> 'MLS' OR ("name" IS NULL AND "topic" = '' AND "kind" <> 'PUBLIC')),
    ADD CONSTRAINT "room_only_encrypted_has_group" CHECK ("encryption" = 'MLS' OR ("generation" = 0 AND NOT "removals_due"));

ALTER TABLE "entry"
    DROP CONSTRAINT "entry_mls_is_opaque",
    ADD CONSTRAINT "entry_mls_is_opaque"
        CHECK ("encoding" <> 'MLS' OR (
            "generation" IS NOT NULL AND "group_epoch" IS NOT NULL AND NOT "mentions_room" AND "pinned_at" IS NULL
            AND "integration" IS NULL AND "subject_id" IS NULL AND ("target_id" IS NULL OR "kind"::text = 'EVENT')
            AND ("detail" IS NULL OR "kind"::text = 'COMMIT'))),
    ADD CONSTRAINT "entry_group_is_mls"
        CHECK ("kind"::text NOT IN ('EVENT', 'COMMIT', 'GROUP_OPENED') OR "encoding" = 'MLS'),
    ADD CONSTRAINT "entry_plain_has_text"
        CHECK ("kind" <> 'MESSAGE' OR "encoding" = 'MLS' OR "deleted_at" IS NOT NULL OR "body" IS NOT NULL),
    ADD CONSTRAINT "entry_deleted_is_gone" CHECK ("deleted_at" IS NULL OR ("body" IS NULL AND "sealed" IS NULL));

ALTER TABLE "file" ADD CONSTRAINT "file_sealed_is_opaque"
    CHECK (NOT "sealed" OR ("name" = '' AND "type" = 'application/octet-stream'
        AND "width" IS NULL AND "height" IS NULL AND "placeholder" IS NULL));

CREATE FUNCTION "only_in_encrypted_rooms"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (SELECT "encryption" FROM "room" WHERE "id" = NEW."room_id" FOR NO KEY UPDATE) <> 'MLS' THEN
        RAISE EXCEPTION 'room % is not encrypted', NEW."room_id"
            USING ERRCODE = 'check_violation', CONSTRAINT = 'only_in_encrypted_rooms';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER "entry_only_in_encrypted_rooms" BEFORE INSERT OR UPDATE OF "encoding", "room_id" ON "entry"
    FOR EACH ROW WHEN (NEW."encoding" = 'MLS') EXECUTE FUNCTION "only_in_encrypted_rooms"();
CREATE TRIGGER "file_only_in_plain_rooms" BEFORE INSERT OR UPDATE OF "sealed", "name", "room_id" ON "file"
    FOR EACH ROW WHEN (NOT NEW."sealed") EXECUTE FUNCTION "only_in_plain_rooms"();
CREATE TRIGGER "incoming_webhook_only_in_plain_rooms" BEFORE INSERT ON "incoming_webhook"
    FOR EACH ROW EXECUTE FUNCTION "only_in_plain_rooms"();
CREATE TRIGGER "outgoing_webhook_only_in_plain_rooms" BEFORE INSERT ON "outgoing_webhook"
    FOR EACH ROW EXECUTE FUNCTION "only_in_plain_rooms"();

-- Who must leave the group of a room is noted with what makes it so, whatever that is. The two of a direct room stay in
-- it, also while one has put it away: whom somebody blocks must not show.
CREATE FUNCTION "note_removals"("which" UUID) RETURNS void LANGUAGE sql AS $$
    UPDATE "room" SET "removals_due" = due."some" FROM (
        SELECT count(*) > 0 AS "some" FROM "group_device" WHERE "room_id" = "which" AND "removal_due"
    ) due WHERE "id" = "which" AND "removals_due" <> due."some"
$$;

CREATE FUNCTION "membership_changes_group"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE "group_device" g SET "removal_due" = NEW."left_seq" IS NOT NULL OR d."revoked_at" IS NOT NULL
        FROM "device" d, "room" r
        WHERE g."room_id" = NEW."room_id" AND d."id" = g."device_id" AND d."user_id" = NEW."user_id"
            AND r."id" = NEW."room_id" AND r."kind" <> 'DIRECT';
    IF FOUND THEN
        PERFORM "note_removals"(NEW."room_id");
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER "membership_changes_group" AFTER UPDATE OF "left_seq" ON "membership"
    FOR EACH ROW WHEN ((OLD."left_seq" IS NULL) <> (NEW."left_seq" IS NULL)) EXECUTE FUNCTION "membership_changes_group"();

CREATE FUNCTION "device_leaves_groups"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE "group_device" SET "removal_due" = true WHERE "device_id" = OLD."id" AND NOT "removal_due";
    UPDATE "room" SET "removals_due" = true
        WHERE NOT "removals_due" AND "id" IN (SELECT "room_id" FROM "group_device" WHERE "device_id" = OLD."id");
    RETURN NULL;
END $$;

CREATE TRIGGER "device_leaves_groups" AFTER UPDATE OF "revoked_at" OR DELETE ON "device"
    FOR EACH ROW EXECUTE FUNCTION "device_leaves_groups"();

-- The same upload again adds nothing.
CREATE UNIQUE INDEX "key_package_once" ON "key_package" ("device_id", sha256("bytes"));
