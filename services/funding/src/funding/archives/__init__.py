"""The auditor's archive of one payment (지급 보관 파일): all that explains it, to be verified offline."""
