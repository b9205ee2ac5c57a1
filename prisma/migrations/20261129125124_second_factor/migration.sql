-- AlterEnum
-- This migration adds more than one value to an enum.
-- With PostgreSQL versions 11 and earlier, this is not possible
-- in a single migration. This can be worked around by creating
-- multiple migrations, each migration adding only one value to
-- the enum.


ALTER TYPE "AuditAction" ADD VALUE 'SECOND_FACTOR_ON';
ALTER TYPE "AuditAction" ADD VALUE 'SECOND_FACTOR_OFF';

-- AlterTable
ALTER TABLE "user" ADD COLUMN     "asks_second_factor" BOOLEAN NOT NULL DEFAULT false;

-- CreateTable
CREATE TABLE "code_app" (
    "user_id" UUID NOT NULL,
    "sealed" TEXT NOT NULL,
    "used_step" INTEGER,

    CONSTRAINT "code_app_pkey" PRIMARY KEY ("user_id")
);

-- AddForeignKey
ALTER TABLE "code_app" ADD CONSTRAINT "code_app_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "user"("id") ON DELETE CASCADE ON UPDATE CASCADE;
