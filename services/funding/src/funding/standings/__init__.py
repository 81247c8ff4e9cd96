"""Standings (지급 전 재확인): whether a firm is alive and without tax arrears, asked anew before its payments."""
