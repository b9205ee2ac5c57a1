-- CreateEnum
CREATE TYPE "Registration" AS ENUM ('OPEN', 'INVITE', 'CLOSED');

-- CreateEnum
CREATE TYPE "RoomKind" AS ENUM ('PUBLIC', 'PRIVATE', 'DIRECT');

-- CreateEnum
CREATE TYPE "MemberRole" AS ENUM ('OWNER', 'MODERATOR', 'MEMBER');

-- CreateEnum
CREATE TYPE "Encryption" AS ENUM ('NONE', 'MLS');

-- CreateEnum
CREATE TYPE "EntryKind" AS ENUM ('ROOM_CREATED', 'ROOM_CHANGED', 'ROOM_DELETED', 'MEMBER_JOINED', 'MEMBER_LEFT', 'MEMBER_REMOVED', 'ROLE_CHANGED', 'MESSAGE', 'MESSAGE_EDITED', 'MESSAGE_DELETED', 'COMMIT');

-- CreateTable
CREATE TABLE "instance" (
    "only" BOOLEAN NOT NULL DEFAULT true,
    "id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "name" TEXT NOT NULL DEFAULT 'shh',
    "registration" "Registration",
    "epoch" UUID NOT NULL DEFAULT gen_random_uuid(),
    "set_up_at" TIMESTAMPTZ(3),

    CONSTRAINT "instance_pkey" PRIMARY KEY ("only")
);

-- CreateTable
CREATE TABLE "user" (
    "id" UUID NOT NULL,
    "username" TEXT NOT NULL,
    "username_key" TEXT NOT NULL,
    "email" TEXT,
    "email_key" TEXT,
    "first_name" TEXT NOT NULL DEFAULT '',
    "last_name" TEXT NOT NULL DEFAULT '',
    "display_name" TEXT NOT NULL,
    "password_hash" TEXT NOT NULL,
    "is_admin" BOOLEAN NOT NULL DEFAULT false,
    "rooms_version" INTEGER NOT NULL DEFAULT 0,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "user_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "session" (
    "id" UUID NOT NULL,
    "user_id" UUID NOT NULL,
    "device_id" UUID,
    "refresh_id" UUID NOT NULL,
    "previous_id" UUID,
    "rotated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "label" TEXT NOT NULL DEFAULT '',
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,
    "revoked_at" TIMESTAMPTZ(3),

    CONSTRAINT "session_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "device" (
    "id" UUID NOT NULL,
    "user_id" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "signature_key" BYTEA NOT NULL,
    "certificate" BYTEA NOT NULL,
    "suites" INTEGER[],
    "engine_version" INTEGER NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "last_seen_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "revoked_at" TIMESTAMPTZ(3),

    CONSTRAINT "device_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "invitation" (
    "id" UUID NOT NULL,
    "token_hash" BYTEA NOT NULL,
    "created_by_id" UUID NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,
    "max_uses" INTEGER NOT NULL,
    "uses" INTEGER NOT NULL DEFAULT 0,
    "revoked_at" TIMESTAMPTZ(3),

    CONSTRAINT "invitation_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "room" (
    "id" UUID NOT NULL,
    "kind" "RoomKind" NOT NULL,
    "name" TEXT,
    "name_key" TEXT,
    "topic" TEXT NOT NULL DEFAULT '',
    "direct_key" TEXT,
    "encryption" "Encryption" NOT NULL DEFAULT 'NONE',
    "generation" INTEGER NOT NULL DEFAULT 0,
    "suite" INTEGER,
    "created_by_id" UUID,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "last_seq" INTEGER NOT NULL DEFAULT 0,
    "last_message_seq" INTEGER NOT NULL DEFAULT 0,
    "deleted_at" TIMESTAMPTZ(3),

    CONSTRAINT "room_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "membership" (
    "room_id" UUID NOT NULL,
    "user_id" UUID NOT NULL,
    "role" "MemberRole" NOT NULL DEFAULT 'MEMBER',
    "joined_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "joined_seq" INTEGER NOT NULL,
    "left_seq" INTEGER,
    "read_seq" INTEGER NOT NULL DEFAULT 0,

    CONSTRAINT "membership_pkey" PRIMARY KEY ("room_id","user_id")
);

-- CreateTable
CREATE TABLE "entry" (
    "room_id" UUID NOT NULL,
    "seq" INTEGER NOT NULL,
    "id" UUID NOT NULL,
    "kind" "EntryKind" NOT NULL,
    "actor_id" UUID,
    "device_id" UUID,
    "target_id" UUID,
    "subject_id" UUID,
    "detail" JSONB,
    "encoding" "Encryption" NOT NULL DEFAULT 'NONE',
    "body" TEXT,
    "generation" INTEGER,
    "group_epoch" INTEGER,
    "mls" BYTEA,
    "sealed" BYTEA,
    "sealed_hash" BYTEA,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "edited_at" TIMESTAMPTZ(3),
    "deleted_at" TIMESTAMPTZ(3),

    CONSTRAINT "entry_pkey" PRIMARY KEY ("room_id","seq")
);

-- CreateIndex
CREATE UNIQUE INDEX "user_username_key_key" ON "user"("username_key");

-- CreateIndex
CREATE UNIQUE INDEX "user_email_key_key" ON "user"("email_key");

-- CreateIndex
CREATE INDEX "session_user_id_idx" ON "session"("user_id");

-- CreateIndex
CREATE INDEX "session_expires_at_idx" ON "session"("expires_at");

-- CreateIndex
CREATE UNIQUE INDEX "device_signature_key_key" ON "device"("signature_key");

-- CreateIndex
CREATE INDEX "device_user_id_idx" ON "device"("user_id");

-- CreateIndex
CREATE UNIQUE INDEX "invitation_token_hash_key" ON "invitation"("token_hash");

-- CreateIndex
CREATE INDEX "invitation_created_by_id_idx" ON "invitation"("created_by_id");

-- CreateIndex
CREATE UNIQUE INDEX "room_name_key_key" ON "room"("name_key");

-- CreateIndex
CREATE UNIQUE INDEX "room_direct_key_key" ON "room"("direct_key");

-- CreateIndex
CREATE INDEX "room_kind_name_key_idx" ON "room"("kind", "name_key");

-- CreateIndex
CREATE INDEX "membership_user_id_left_seq_idx" ON "membership"("user_id", "left_seq");

-- CreateIndex
CREATE UNIQUE INDEX "entry_id_key" ON "entry"("id");

-- CreateIndex
CREATE INDEX "entry_room_id_kind_seq_idx" ON "entry"("room_id", "kind", "seq");

-- CreateIndex
CREATE INDEX "entry_actor_id_idx" ON "entry"("actor_id");

-- AddForeignKey
ALTER TABLE "session" ADD CONSTRAINT "session_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "user"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "session" ADD CONSTRAINT "session_device_id_fkey" FOREIGN KEY ("device_id") REFERENCES "device"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "device" ADD CONSTRAINT "device_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "user"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "invitation" ADD CONSTRAINT "invitation_created_by_id_fkey" FOREIGN KEY ("created_by_id") REFERENCES "user"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "room" ADD CONSTRAINT "room_created_by_id_fkey" FOREIGN KEY ("created_by_id") REFERENCES "user"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "membership" ADD CONSTRAINT "membership_room_id_fkey" FOREIGN KEY ("room_id") REFERENCES "room"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "membership" ADD CONSTRAINT "membership_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "user"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "entry" ADD CONSTRAINT "entry_room_id_fkey" FOREIGN KEY ("room_id") REFERENCES "room"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "entry" ADD CONSTRAINT "entry_actor_id_fkey" FOREIGN KEY ("actor_id") REFERENCES "user"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "entry" ADD CONSTRAINT "entry_subject_id_fkey" FOREIGN KEY ("subject_id") REFERENCES "user"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "entry" ADD CONSTRAINT "entry_device_id_fkey" FOREIGN KEY ("device_id") REFERENCES "device"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- What follows is written by hand: promises that Prisma's schema cannot express. Keep it when this file is made anew.

-- One installation, one row.
ALTER TABLE "instance" ADD CONSTRAINT "instance_only_one" CHECK ("only");
INSERT INTO "instance" DEFAULT VALUES ON CONFLICT DO NOTHING;

-- Rooms
ALTER TABLE "room"
    ADD CONSTRAINT "room_direct_has_no_name" CHECK ("kind" <> 'DIRECT' OR "name" IS NULL),
    ADD CONSTRAINT "room_direct_has_key" CHECK ("kind" <> 'DIRECT' OR "direct_key" IS NOT NULL OR "deleted_at" IS NOT NULL),
    ADD CONSTRAINT "room_only_direct_has_key" CHECK ("kind" = 'DIRECT' OR "direct_key" IS NULL),
    ADD CONSTRAINT "room_has_name"
        CHECK ("name" IS NOT NULL OR "kind" = 'DIRECT' OR "encryption" = 'MLS' OR "deleted_at" IS NOT NULL),
    ADD CONSTRAINT "room_name_key_is_public" CHECK ("name_key" IS NULL OR ("kind" = 'PUBLIC' AND "deleted_at" IS NULL));

CREATE FUNCTION "room_only_forward"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD."encryption" = 'MLS' AND NEW."encryption" <> 'MLS' THEN
        RAISE EXCEPTION 'room % is encrypted for good', OLD."id"
            USING ERRCODE = 'check_violation', CONSTRAINT = 'room_stays_encrypted';
    END IF;
    IF NEW."generation" < OLD."generation" THEN
        RAISE EXCEPTION 'the generation of room % never decreases', OLD."id"
            USING ERRCODE = 'check_violation', CONSTRAINT = 'room_generation_grows';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER "room_only_forward" BEFORE UPDATE OF "encryption", "generation" ON "room"
    FOR EACH ROW EXECUTE FUNCTION "room_only_forward"();

-- Entries
ALTER TABLE "entry"
    ADD CONSTRAINT "entry_seq_positive" CHECK ("seq" > 0),
    ADD CONSTRAINT "entry_mls_has_no_body" CHECK ("encoding" <> 'MLS' OR "body" IS NULL),
    ADD CONSTRAINT "entry_plain_has_no_mls"
        CHECK ("encoding" <> 'NONE' OR ("mls" IS NULL AND "sealed" IS NULL AND "sealed_hash" IS NULL)),
    ADD CONSTRAINT "entry_commit_has_epoch"
        CHECK ("kind" <> 'COMMIT' OR ("generation" IS NOT NULL AND "group_epoch" IS NOT NULL));

CREATE UNIQUE INDEX "entry_commit_key" ON "entry" ("room_id", "generation", "group_epoch") WHERE "kind" = 'COMMIT';

-- Locks the room, so that no plaintext slips in beside the change that encrypts it; the strong lock at once, because
-- the same transaction goes on to change the room's row.
CREATE FUNCTION "entry_no_plaintext"() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    room_encryption "Encryption";
BEGIN
    SELECT "encryption" INTO room_encryption FROM "room" WHERE "id" = NEW."room_id" FOR NO KEY UPDATE;
    IF room_encryption <> 'NONE' THEN
        RAISE EXCEPTION 'room % is encrypted and takes no plaintext', NEW."room_id"
            USING ERRCODE = 'check_violation', CONSTRAINT = 'entry_no_plaintext';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER "entry_no_plaintext" BEFORE INSERT OR UPDATE OF "body", "room_id" ON "entry"
    FOR EACH ROW WHEN (NEW."body" IS NOT NULL) EXECUTE FUNCTION "entry_no_plaintext"();
