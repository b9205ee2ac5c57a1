-- What happened to an account, and what was done to others, is one table: what there is stays, under other names.
ALTER TYPE "SecurityEventKind" RENAME TO "AuditAction";
ALTER TYPE "AuditAction" ADD VALUE 'ADMINISTRATOR_MADE';
ALTER TYPE "AuditAction" ADD VALUE 'ADMINISTRATOR_REMOVED';
ALTER TYPE "AuditAction" ADD VALUE 'ACCOUNT_DISABLED';
ALTER TYPE "AuditAction" ADD VALUE 'ACCOUNT_ENABLED';
ALTER TYPE "AuditAction" ADD VALUE 'ACCOUNT_DELETED';
ALTER TYPE "AuditAction" ADD VALUE 'SESSIONS_ENDED';
ALTER TYPE "AuditAction" ADD VALUE 'INVITATION_MADE';
ALTER TYPE "AuditAction" ADD VALUE 'INVITATION_REVOKED';
ALTER TYPE "AuditAction" ADD VALUE 'SERVER_CHANGED';
ALTER TYPE "AuditAction" ADD VALUE 'ROOM_DELETED';
ALTER TYPE "AuditAction" ADD VALUE 'MEMBER_REMOVED';
ALTER TYPE "AuditAction" ADD VALUE 'MEMBER_BANNED';
ALTER TYPE "AuditAction" ADD VALUE 'MEMBER_UNBANNED';
ALTER TYPE "AuditAction" ADD VALUE 'ROLE_CHANGED';
ALTER TYPE "AuditAction" ADD VALUE 'OWNERSHIP_TRANSFERRED';

ALTER TABLE "security_event" RENAME TO "audit_event";
ALTER TABLE "audit_event" RENAME COLUMN "kind" TO "action";
ALTER TABLE "audit_event" RENAME COLUMN "user_id" TO "subject_id";
ALTER TABLE "audit_event" ALTER COLUMN "subject_id" DROP NOT NULL,
ADD COLUMN     "actor_id" UUID,
ADD COLUMN     "room_id" UUID,
ADD COLUMN     "detail" TEXT NOT NULL DEFAULT '';
ALTER TABLE "audit_event" RENAME CONSTRAINT "security_event_pkey" TO "audit_event_pkey";
ALTER TABLE "audit_event" DROP CONSTRAINT "security_event_user_id_fkey";
ALTER TABLE "audit_event" ADD CONSTRAINT "audit_event_actor_id_fkey" FOREIGN KEY ("actor_id") REFERENCES "user"("id") ON DELETE SET NULL ON UPDATE CASCADE;
ALTER TABLE "audit_event" ADD CONSTRAINT "audit_event_subject_id_fkey" FOREIGN KEY ("subject_id") REFERENCES "user"("id") ON DELETE SET NULL ON UPDATE CASCADE;
ALTER TABLE "audit_event" ADD CONSTRAINT "audit_event_room_id_fkey" FOREIGN KEY ("room_id") REFERENCES "room"("id") ON DELETE SET NULL ON UPDATE CASCADE;
ALTER INDEX "security_event_user_id_idx" RENAME TO "audit_event_subject_id_idx";
CREATE INDEX "audit_event_actor_id_idx" ON "audit_event"("actor_id");
CREATE INDEX "audit_event_room_id_idx" ON "audit_event"("room_id");

-- AlterEnum
ALTER TYPE "EntryKind" ADD VALUE 'MEMBER_BANNED';
ALTER TYPE "EntryKind" ADD VALUE 'MEMBER_UNBANNED';
ALTER TYPE "EntryKind" ADD VALUE 'OWNERSHIP_TRANSFERRED';

-- AlterTable
ALTER TABLE "user" ADD COLUMN     "disabled_at" TIMESTAMPTZ(3);

-- CreateTable
CREATE TABLE "ban" (
    "room_id" UUID NOT NULL,
    "user_id" UUID NOT NULL,
    "made_by_id" UUID,
    "reason" TEXT NOT NULL DEFAULT '',
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "ban_pkey" PRIMARY KEY ("room_id","user_id")
);

-- CreateIndex
CREATE INDEX "ban_user_id_idx" ON "ban"("user_id");

-- CreateIndex
CREATE INDEX "ban_made_by_id_idx" ON "ban"("made_by_id");

-- AddForeignKey
ALTER TABLE "ban" ADD CONSTRAINT "ban_room_id_fkey" FOREIGN KEY ("room_id") REFERENCES "room"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "ban" ADD CONSTRAINT "ban_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "user"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "ban" ADD CONSTRAINT "ban_made_by_id_fkey" FOREIGN KEY ("made_by_id") REFERENCES "user"("id") ON DELETE SET NULL ON UPDATE CASCADE;
